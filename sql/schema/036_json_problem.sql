-- Why a text is not JSON, in the words that users of pg_durable know from messages about hand-written nodes.
--
-- PostgreSQL says the same in words of its own, and not where. A pass over the tokens with a list of the open brackets; what may come next
-- is always one of: value, item (of a list, after a comma), first (item, or the list's end), key, first_key, colon, separator, end.

-- The value of a JSON text, NULL if it is none.
CREATE FUNCTION df._json(s pg_catalog.text) RETURNS pg_catalog.json
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN s::json;
EXCEPTION WHEN invalid_text_representation THEN
    RETURN NULL;
END
$$;

-- What a token that is no beginning of a value is.
CREATE FUNCTION df._no_value(token pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$ SELECT CASE WHEN token ~ '^[tfn]' THEN 'expected ident' WHEN token = '-' THEN 'invalid number' ELSE 'expected value' END $$;

-- What is wrong with a token that begins like a string, NULL if nothing.
CREATE FUNCTION df._string_problem(token pg_catalog.text, rest pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE
        WHEN token <> '"' THEN CASE WHEN df._json(token) IS NULL THEN 'invalid escape' END
        WHEN rest ~ '[\x01-\x1f]' THEN 'control character (\u0000-\u001F) found while parsing a string'
        ELSE 'EOF while parsing a string'
    END
$$;

CREATE FUNCTION df._json_problem(s pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    token text;
    at int4 := 0;                       -- characters before the token
    open text := '';                    -- the brackets that are open, the innermost first
    closing text;                       -- what closes that one
    awaited text := 'value';
    problem text;
BEGIN
    FOR token IN
        SELECT t.parts[1] FROM regexp_matches(s,
            '([ \t\r\n]+|"(?:[^"\\\x01-\x1f]|\\.)*"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null|.)', 'g'
        ) AS t (parts)
    LOOP
        IF token ~ '^[ \t\r\n]' THEN
            at := at + length(token);
            CONTINUE;
        END IF;
        IF token ~ '^"' AND awaited IN ('value', 'item', 'first', 'key', 'first_key') THEN
            problem := df._string_problem(token, CASE WHEN token = '"' THEN substr(s, at + 1) ELSE '' END);
            at := CASE WHEN problem ~ '^control' THEN at + length((regexp_match(substr(s, at + 1), '^[^\x01-\x1f]*'))[1])
                       WHEN problem ~ '^EOF' THEN length(s) ELSE at END;
        END IF;
        EXIT WHEN problem IS NOT NULL;

        IF awaited = 'end' THEN
            problem := 'trailing characters';
        ELSIF awaited = 'colon' THEN
            problem := CASE WHEN token <> ':' THEN 'expected `:`' END;
            awaited := 'value';
        ELSIF awaited IN ('key', 'first_key') AND token <> '}' THEN
            problem := CASE WHEN token !~ '^"' THEN 'key must be a string' END;
            awaited := 'colon';
        ELSIF (awaited = 'key' AND token = '}') OR (awaited = 'item' AND token = ']') THEN
            problem := 'trailing comma';
        ELSIF awaited = 'separator' AND token = ',' THEN
            awaited := CASE WHEN left(open, 1) = '{' THEN 'key' ELSE 'item' END;
        ELSIF token IN ('{', '[') AND awaited <> 'separator' THEN
            open := token || open;
            awaited := CASE WHEN token = '{' THEN 'first_key' ELSE 'first' END;
        ELSE
            IF awaited IN ('first_key', 'separator') OR (awaited = 'first' AND token = ']') THEN
                closing := CASE WHEN left(open, 1) = '{' THEN '}' ELSE ']' END;
                IF token <> closing THEN
                    problem := format('expected `,` or `%s`', closing);
                END IF;
                open := substr(open, 2);
            ELSIF token !~ '^("|-?[0-9]|true|false|null)' THEN
                problem := df._no_value(token);
            END IF;
            awaited := CASE WHEN open = '' THEN 'end' ELSE 'separator' END;
        END IF;
        EXIT WHEN problem IS NOT NULL;
        at := at + length(token);
    END LOOP;
    IF problem IS NULL THEN
        problem := 'EOF while parsing ' || CASE WHEN left(open, 1) = '{' AND awaited <> 'value' THEN 'an object'
                                                WHEN awaited = 'separator' THEN 'a list' ELSE 'a value' END;
    END IF;
    RETURN problem || df._place(s, least(at + 1, length(s)));
END
$$;
COMMENT ON FUNCTION df._json_problem(pg_catalog.text) IS 'why a text is not JSON, and where';
