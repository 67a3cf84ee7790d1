-- The tree that df.explain prints.
--
--   SQL: SELECT q() |=> 'q'      a sequence is not a level: its steps stand below one another, all but the first behind an arrow
--   → IF
--       ? condition:             what hangs under a step is labelled
--         └─SQL: SELECT ok()
--
-- All lines are padded to the same width. Long texts are cut by bytes, never inside a character. The layout is that of pg_durable and of
-- `dfsql explain`, byte for byte.

-- The text; where it is longer than so many bytes, the whole characters of its first ones and three dots.
CREATE FUNCTION df._cut(s pg_catalog.text, bytes pg_catalog.int4, keep pg_catalog.int4) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    characters int4 := keep;
BEGIN
    IF octet_length(s) <= bytes THEN
        RETURN s;
    END IF;
    WHILE octet_length(left(s, characters)) > keep LOOP
        characters := characters - 1;
    END LOOP;
    RETURN left(s, characters) || '...';
END
$$;

-- A text member of a config; anything but a text counts as missing.
CREATE FUNCTION df._text_member(config pg_catalog.json, key pg_catalog.text, otherwise pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN CASE WHEN json_typeof(config -> key) = 'string' THEN config ->> key ELSE otherwise END;
END
$$;

-- A node in words. branches: how many children a JOIN has; is_while: whether a LOOP has a condition.
CREATE FUNCTION df._node_text(node df._graph_node, branches pg_catalog.int4, is_while pg_catalog.bool) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text := coalesce(' |=> ''' || node.result_name || '''', '');
    mark text := coalesce(' ' || node.mark, '');
    config json;
    seconds text;
    said text;
BEGIN
    IF node.node_type IN ('WAIT_SCHEDULE', 'SIGNAL', 'BREAK', 'HTTP', 'HTTP_MULTIPART') THEN
        config := df._json(node.query);
        config := CASE WHEN json_typeof(config) = 'object' THEN config END;
    END IF;
    CASE node.node_type
    WHEN 'SQL' THEN said := 'SQL: ' || coalesce(df._cut(node.query, 50, 47), '?');
    WHEN 'SLEEP' THEN said := 'SLEEP ' || coalesce(node.query, '?') || 's';
    WHEN 'WAIT_SCHEDULE' THEN said := 'WAIT ''' || df._text_member(config, 'cron_expr', '?') || '''';
    WHEN 'SIGNAL' THEN
        seconds := substring(config ->> 'timeout_seconds' FROM '^-?[0-9]+$');
        said := 'SIGNAL ''' || df._text_member(config, 'signal_name', '?') || ''''
            || CASE WHEN json_typeof(config -> 'timeout_seconds') = 'number' AND seconds IS NOT NULL
                    THEN format(' (%ss)', seconds) ELSE '' END;
    WHEN 'BREAK' THEN said := 'BREAK' || coalesce(' ''' || df._cut(df._text_member(config, 'break_value', NULL), 20, 17) || '''', '');
    WHEN 'LOOP' THEN said := CASE WHEN is_while THEN 'LOOP (while)' ELSE 'LOOP (infinite)' END;
    WHEN 'JOIN' THEN said := format('JOIN (%s)', branches);
    WHEN 'RACE' THEN RETURN 'RACE' || mark;                 -- never shows its name
    WHEN 'HTTP', 'HTTP_MULTIPART' THEN
        said := node.node_type || ' ' || CASE WHEN config IS NULL THEN '?' ELSE df._text_member(config, 'method', 'POST') END
            || ' ' || df._cut(df._text_member(config, 'url', '?'), 40, 37);
    ELSE said := node.node_type;
    END CASE;
    RETURN said || name || mark;
END
$$;

-- What stands above a child.
CREATE FUNCTION df._section_label(node_type pg_catalog.text, role pg_catalog.text, number pg_catalog.int4) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN CASE
        WHEN node_type IN ('JOIN', 'RACE') THEN format('║ branch %s:', number)
        WHEN node_type = 'LOOP' THEN CASE role WHEN 'condition_node' THEN '? while:' ELSE '↻ body:' END
        WHEN role = 'condition_node' THEN '? condition:'
        WHEN role = 'left' THEN '✓ then:'
        ELSE '✗ else:'
    END;
END
$$;

-- The lines joined, white space at the end of all taken away, every line padded to four more than the longest.
CREATE FUNCTION df._padded(lines pg_catalog.text[]) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    whole text := replace(rtrim(array_to_string(lines, E'\n'), df._blanks()), E'\r\n', E'\n');
    width int4 := (SELECT max(length(line)) FROM unnest(string_to_array(whole, E'\n')) AS line);
BEGIN
    RETURN (SELECT coalesce(string_agg(rpad(t.line, width + 4), E'\n' ORDER BY t.number), '')
            FROM unnest(string_to_array(whole, E'\n')) WITH ORDINALITY AS t (line, number));
END
$$;

-- The tree of a graph whose nodes stand in pre-order.
--
-- First the children of every node are put in line: first_child and next_sibling, in the order in which they are shown. Then a stack holds
-- what is still to be written, the next thing on top: a label (node 0), or a node with its prefix, what stands between prefix and text, and
-- the prefix of what hangs under it.
CREATE FUNCTION df._tree_text(nodes df._graph_node[]) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    count int4 := cardinality(nodes);
    first_child int4[] := array_fill(0, ARRAY[count]);
    next_sibling int4[] := array_fill(0, ARRAY[count]);
    branches int4[] := array_fill(0, ARRAY[count]);
    conditions int4[] := array_fill(0, ARRAY[count]);
    lines text[] := '{}';
    written int4 := 0;
    stack_node int4[] := '{1}';
    stack_prefix text[] := '{""}';
    stack_lead text[] := '{""}';
    stack_below text[] := '{"    "}';
    top int4 := 1;
    node df._graph_node;
    prefix text;
    lead text;
    below text;
    place int4;
    child int4;
    next int4;
    shown int4;
    last bool;
BEGIN
    -- From the end, so that siblings come out in order. A parent of 0: nobody shows that node.
    FOR i IN REVERSE count..2 LOOP
        node := nodes[i];
        IF node.role = 'condition_node' THEN
            conditions[node.parent] := i;
        ELSIF node.parent > 0 THEN
            next_sibling[i] := first_child[node.parent];
            first_child[node.parent] := i;
            branches[node.parent] := branches[node.parent] + 1;
        END IF;
    END LOOP;

    WHILE top > 0 LOOP
        place := stack_node[top];
        prefix := stack_prefix[top];
        lead := stack_lead[top];
        below := stack_below[top];
        top := top - 1;
        IF place = 0 THEN
            written := written + 1;
            lines[written] := prefix || lead;
            CONTINUE;
        END IF;
        node := nodes[place];
        IF node.node_type = 'THEN' THEN
            -- The place goes to the first step; the others come behind an arrow, and what hangs under any of them is indented.
            top := top + branches[place];
            child := first_child[place];
            FOR i IN 1..branches[place] LOOP
                stack_node[top + 1 - i] := child;
                stack_prefix[top + 1 - i] := prefix;
                stack_lead[top + 1 - i] := CASE WHEN i = 1 THEN lead ELSE '→ ' END;
                stack_below[top + 1 - i] := prefix || '    ';
                child := next_sibling[child];
            END LOOP;
            CONTINUE;
        END IF;
        written := written + 1;
        lines[written] := prefix || lead || df._node_text(node, branches[place], conditions[place] > 0);
        CONTINUE WHEN node.node_type NOT IN ('IF', 'LOOP', 'JOIN', 'RACE');

        shown := branches[place] + (conditions[place] > 0)::int4;
        top := top + 2 * shown;
        next := first_child[place];
        FOR i IN 1..shown LOOP
            -- An IF shows its condition first, a LOOP last.
            IF conditions[place] > 0 AND (i = 1) = (node.node_type = 'IF') AND (i = shown OR node.node_type = 'IF') THEN
                child := conditions[place];
            ELSE
                child := next;
                next := next_sibling[next];
            END IF;
            last := i = shown OR node.node_type IN ('IF', 'LOOP');
            stack_node[top + 2 - 2 * i] := 0;
            stack_prefix[top + 2 - 2 * i] := below;
            stack_lead[top + 2 - 2 * i] := df._section_label(node.node_type, nodes[child].role, i);
            stack_node[top + 1 - 2 * i] := child;
            stack_prefix[top + 1 - 2 * i] := below || '  ';
            stack_lead[top + 1 - 2 * i] := CASE WHEN last THEN '└─' ELSE '├─' END;
            stack_below[top + 1 - 2 * i] := below || CASE WHEN last THEN '      ' ELSE '  │   ' END;
        END LOOP;
    END LOOP;
    RETURN df._padded(lines);
END
$$;
