-- Cron texts: five fields (minute, hour, day of month, month, day of week) of numbers, *, lists, ranges and steps, with English
-- three-letter names for months and weekdays in any case; 0 and 7 are Sunday. What other programs know beyond that is refused in words.
--
-- df._cron_problem gives the reason why a text is no schedule, NULL if it is one. Only the form is judged: 30 February is a schedule.

-- The number of a word in field 1 to 5, NULL if it is none or out of range. Digits beyond nine count as one number too large.
CREATE FUNCTION df._cron_number(word pg_catalog.text, field pg_catalog.int4) RETURNS pg_catalog.int4
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    number int4;
BEGIN
    IF word ~ '^[0-9]+$' THEN
        number := (0 || left(ltrim(word, '0'), 9))::int4;
        IF number BETWEEN ('{0,0,1,1,0}'::int4[])[field] AND ('{59,23,31,12,7}'::int4[])[field] THEN
            RETURN number;
        END IF;
    ELSIF field = 4 THEN
        RETURN array_position('{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}'::text[], lower(word));
    ELSIF field = 5 THEN
        RETURN array_position('{sun,mon,tue,wed,thu,fri,sat}'::text[], lower(word)) - 1;
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION df._cron_field_name(field pg_catalog.int4) RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT
RETURN ('{minute,hour,day of month,month,day of week}'::pg_catalog.text[])[field];

-- What may stand in a field, for people.
CREATE FUNCTION df._cron_allowed(field pg_catalog.int4) RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT
RETURN ('{0 to 59,0 to 23,1 to 31,1 to 12 or JAN to DEC,0 to 7 or SUN to SAT (0 and 7 are Sunday)}'::pg_catalog.text[])[field];

-- What is wrong with a word that is no number of the field.
CREATE FUNCTION df._cron_word_problem(word pg_catalog.text, field pg_catalog.int4) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    months constant text[] := '{january,february,march,april,may,june,july,august,september,october,november,december}';
    weekdays constant text[] := '{sunday,monday,tuesday,wednesday,thursday,friday,saturday}';
    lowered text := lower(word);
    whole text;
    home int4;
BEGIN
    IF word ~ '^[0-9]+$' THEN
        RETURN format('%s is no %s: allowed is %s', word, df._cron_field_name(field), df._cron_allowed(field));
    END IF;
    whole := (SELECT n FROM unnest(months || weekdays) AS n WHERE left(n, 3) = left(lowered, 3));
    home := CASE WHEN whole = ANY (months) THEN 4 ELSE 5 END;
    IF field = home AND (starts_with(whole, lowered) OR lowered = 'sept') THEN
        RETURN format('names have three letters: write "%s" for "%s"', upper(left(lowered, 3)), word);
    END IF;
    IF field <> home AND starts_with(whole, lowered) THEN
        RETURN format('"%s" names a %s and stands in the %s field', word, df._cron_field_name(home), df._cron_field_name(field));
    END IF;
    RETURN format('"%s" is no %s: allowed is %s', word, df._cron_field_name(field), df._cron_allowed(field));
END
$$;

-- What is wrong with an item that has not even the form of one.
CREATE FUNCTION df._cron_form_problem(item pg_catalog.text, field pg_catalog.int4) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    special text := df._cron_special(item);
BEGIN
    IF item = '?' OR starts_with(item, '?/') THEN
        RETURN format('"?" is not supported; write "*%s"', substr(item, 2));
    END IF;
    IF special IS NOT NULL THEN
        RETURN format('"%s" (%s) is not supported; %s', item, special,
                      CASE WHEN item ~* '^h' THEN 'write a number' ELSE 'let a step check the date' END);
    END IF;
    IF starts_with(item, '-') THEN
        RETURN format('"%s" is no %s: numbers below 0 do not exist here', item, df._cron_field_name(field));
    END IF;
    RETURN format('"%s" is no %s: allowed are %s, "*", "a-b" and "/n"', item, df._cron_field_name(field), df._cron_allowed(field));
END
$$;

-- What a sign that other programs know means there.
CREATE FUNCTION df._cron_special(item pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN CASE
        WHEN item ~* '^([0-9]*L|L-[0-9]+|LW|[A-Z]{3}L)$' THEN 'the last such day'
        WHEN item ~* '^([0-9]+W|W[0-9]*)$' THEN 'the nearest working day'
        WHEN item ~* '^[0-9A-Z]+#[0-9]*$' THEN 'the n-th such weekday of a month'
        WHEN item ~* '^H([/(].*)?$' THEN 'a hashed value'
    END;
END
$$;

-- A range that would pass the end of its field: the cure names both halves. In the last field 6-1 is 6-7,1, and 7-2 begins with 0.
CREATE FUNCTION df._cron_descending(item pg_catalog.text, low pg_catalog.int4, high pg_catalog.int4, has_step pg_catalog.bool,
                                    field pg_catalog.int4) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    first int4 := ('{0,0,1,1,1}'::int4[])[field];
    last int4 := ('{59,23,31,12,7}'::int4[])[field];
    cure text;
BEGIN
    IF field = 5 AND low = 7 THEN
        cure := CASE WHEN high = 0 THEN '0' ELSE format('0-%s', high) END;
    ELSE
        cure := CASE WHEN low = last THEN low::text ELSE format('%s-%s', low, last) END
            || CASE WHEN high < first THEN '' WHEN high = first THEN format(',%s', high) ELSE format(',%s-%s', first, high) END;
    END IF;
    RETURN format('the range "%s" of the %s goes down', item, df._cron_field_name(field))
        || CASE WHEN has_step THEN '' ELSE format('; write "%s"', cure) END;
END
$$;

-- What is wrong with one item of a field: `*`, a number, a name or a range, and a step behind it.
CREATE FUNCTION df._cron_item_problem(item pg_catalog.text, field pg_catalog.int4) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parts text[] := regexp_match(item, '^(\*|[A-Za-z]+|[0-9]+)(?:-([A-Za-z]+|[0-9]+))?(?:/([0-9]+))?$');
    last int4 := ('{59,23,31,12,7}'::int4[])[field];
    first int4 := ('{0,0,1,1,0}'::int4[])[field];
    low int4;
    high int4;
    step int4;
BEGIN
    IF parts IS NULL OR df._cron_special(item) IS NOT NULL THEN
        RETURN df._cron_form_problem(item, field);
    END IF;
    step := (0 || left(ltrim(parts[3], '0'), 9))::int4;
    IF step = 0 THEN
        RETURN format('a step of 0 never moves on; the %s needs 1 or more', df._cron_field_name(field));
    ELSIF step > last THEN
        RETURN format('the step %s is larger than the %s field, which ends at %s; write "%s" for its first value',
                      parts[3], df._cron_field_name(field), last, first);
    END IF;
    IF parts[1] = '*' THEN
        RETURN CASE WHEN parts[2] IS NOT NULL
                    THEN format('"%s" is no %s: a range joins two numbers', item, df._cron_field_name(field)) END;
    END IF;
    low := df._cron_number(parts[1], field);
    IF low IS NULL THEN
        RETURN df._cron_word_problem(parts[1], field);
    END IF;
    high := df._cron_number(parts[2], field);
    IF high IS NULL AND parts[2] IS NOT NULL THEN
        RETURN df._cron_word_problem(parts[2], field);
    END IF;
    IF low > high THEN
        RETURN df._cron_descending(item, low, high, parts[3] IS NOT NULL, field);
    END IF;
    RETURN NULL;
END
$$;

-- Why a text does not have five fields, with a cure where there is one.
CREATE FUNCTION df._cron_count_problem(cron pg_catalog.text, words pg_catalog.text[]) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    fields constant text := 'minute, hour, day of month, month, day of week';
    count int4 := cardinality(words);
    tight text := regexp_replace(cron, '[ \t\r\n]*([,/-])[ \t\r\n]*', '\1', 'g');
    plain text[] := string_to_array(replace(array_to_string(words, ' '), '?', '*'), ' ');
    cure text;
    dropped text;
BEGIN
    IF tight <> cron AND df._cron_problem(tight) IS NULL THEN
        RETURN format('no blanks may stand around ",", "-" and "/"; write "%s"', tight);
    END IF;
    IF count < 5 THEN
        RETURN format('a schedule has five fields (%s), here %s only %s', fields, CASE count WHEN 1 THEN 'is' ELSE 'are' END, count);
    END IF;
    IF count = 6 AND words[1] = '0' THEN
        cure := array_to_string(plain[2:6], ' ');
        dropped := 'seconds';
    END IF;
    IF count = 6 AND plain[6] = '*' AND (cure IS NULL OR df._cron_problem(cure) IS NOT NULL) THEN
        cure := array_to_string(plain[1:5], ' ');
        dropped := 'years';
    ELSIF count = 7 AND words[1] = '0' AND plain[7] = '*' THEN
        cure := array_to_string(plain[2:6], ' ');
        dropped := 'seconds and years';
    END IF;
    RETURN format('a schedule has five fields (%s), here are %s', fields, count) || CASE
        WHEN df._cron_problem(cure) IS NULL AND cure IS NOT NULL
            THEN format('; there is no field for %s, so write "%s"', dropped, cure)
        WHEN count = 6 THEN '; there is neither a field for seconds nor one for years'
        ELSE '' END;
END
$$;

-- A shorthand such as @daily, and what to write for it.
CREATE FUNCTION df._cron_shorthand_problem(cron pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    every text[] := regexp_match(lower(cron), '^@every\s+([1-9][0-9]{0,3})([mh])$');
    cure text := CASE lower(cron)
        WHEN '@yearly' THEN '0 0 1 1 *' WHEN '@annually' THEN '0 0 1 1 *'
        WHEN '@monthly' THEN '0 0 1 * *' WHEN '@weekly' THEN '0 0 * * 0'
        WHEN '@daily' THEN '0 0 * * *' WHEN '@midnight' THEN '0 0 * * *' WHEN '@hourly' THEN '0 * * * *' END;
BEGIN
    IF every[2] = 'm' AND every[1]::int4 < 60 AND 60 % every[1]::int4 = 0 THEN
        cure := format('*/%s * * * *', every[1]);
    ELSIF every[2] = 'h' AND every[1]::int4 < 24 AND 24 % every[1]::int4 = 0 THEN
        cure := format('0 */%s * * *', every[1]);
    END IF;
    RETURN format('%s is a shorthand that is not supported', cron) || coalesce('; write "' || cure || '"', '');
END
$$;

CREATE FUNCTION df._cron_problem(cron_expr pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    cron text := btrim(cron_expr, E' \t\r\n');
    words text[] := regexp_split_to_array(cron, '[ \t\r\n]+');
    item text;
    problem text;
BEGIN
    IF cron = '' THEN
        RETURN 'the schedule is empty; five fields are needed: minute, hour, day of month, month, day of week';
    ELSIF starts_with(cron, '@') THEN
        RETURN df._cron_shorthand_problem(cron);
    ELSIF cardinality(words) <> 5 THEN
        RETURN df._cron_count_problem(cron, words);
    END IF;
    FOR field IN 1..5 LOOP
        FOREACH item IN ARRAY string_to_array(words[field], ',') LOOP
            problem := CASE WHEN item = ''
                THEN format('the %s field "%s" has a comma with nothing beside it', df._cron_field_name(field), words[field])
                ELSE df._cron_item_problem(item, field) END;
            IF problem IS NOT NULL THEN
                RETURN problem;
            END IF;
        END LOOP;
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION df._cron_problem(pg_catalog.text) IS 'why a text is no schedule, NULL if it is one';
