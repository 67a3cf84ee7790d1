-- Envelopes: the text of a workflow under construction.
--
-- A workflow under construction is a text: one JSON object per node, children inside their parents, in one canonical spelling, e.g.
--
--   df.seq('SELECT 1', df.sleep(5))   {"node_type":"THEN","left_node":{"node_type":"SQL","query":"SELECT 1"},
--                                      "right_node":{"node_type":"SLEEP","query":"5"}}          (without the line break)
--
-- We call such a text an envelope. Members stand in the order of df._decoded below; absent ones are left out. It is built by joining
-- texts, because both JSON builders of PostgreSQL add blanks and jsonb also reorders keys, and callers compare envelopes as texts.
-- A node's children are copied as they are: composing looks at one level only, df.start looks at all of them.
--
-- Wherever a step is expected an operand may be either: an envelope is that node, any other text is the SQL of a step.
--
-- Nothing here touches a table. The functions are VOLATILE because of the guard: see df._helper_just_called.

CREATE TYPE df._decoded AS (
    node_type      pg_catalog.text,
    left_node      pg_catalog.text,
    right_node     pg_catalog.text,
    condition_node pg_catalog.text,
    extra_nodes    pg_catalog.text[],
    query          pg_catalog.text,
    result_name    pg_catalog.text,
    problem        pg_catalog.text      -- why a JSON object is no node
);
COMMENT ON TYPE df._decoded IS 'one level of an envelope: its own members, its children still as text';

CREATE FUNCTION df._node_types() RETURNS pg_catalog.text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{SQL,THEN,IF,JOIN,LOOP,BREAK,RACE,SLEEP,WAIT_SCHEDULE,HTTP,HTTP_MULTIPART,SIGNAL}'::pg_catalog.text[];

-- The function that has just been called to set something up, if that happened in this very client statement: its text result would
-- otherwise be taken for the SQL of a step. df.setvar and others leave their name and the statement's time in a local setting.
CREATE FUNCTION df._helper_just_called() RETURNS pg_catalog.text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    marker text := current_setting('df.non_future_helper', true);
BEGIN
    IF split_part(marker, E'\n', 2) = statement_timestamp()::text THEN
        RETURN split_part(marker, E'\n', 1);
    END IF;
    RETURN NULL;
END
$$;

-- " at line 1 column 5": the place after so many characters of a text, for messages about JSON.
CREATE FUNCTION df._place(s pg_catalog.text, characters pg_catalog.int4) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    lines text[] := string_to_array(left(s, characters), E'\n');
BEGIN
    RETURN format(' at line %s column %s', greatest(cardinality(lines), 1), length(coalesce(lines[cardinality(lines)], '')));
END
$$;

-- The number of characters of a JSON object's text up to the end of its n-th member, or to the end of the object if it has fewer.
CREATE FUNCTION df._member_end(s pg_catalog.text, n pg_catalog.int4) RETURNS pg_catalog.int4
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rest text := regexp_replace(s, '^[ \t\r\n]*\{', '');
    member record;
BEGIN
    FOR member IN SELECT m.value, m.number FROM json_each(s::json) WITH ORDINALITY AS m (key, value, number) LOOP
        rest := regexp_replace(rest, '^[ \t\r\n,]*"(?:[^"\\]|\\.)*"[ \t\r\n]*:[ \t\r\n]*', '');
        rest := substr(rest, length(member.value::text) + 1);
        IF member.number = n THEN
            RETURN length(s) - length(rest);
        END IF;
    END LOOP;
    RETURN length(s) - length(regexp_replace(rest, '^[ \t\r\n]*\}', ''));
END
$$;

-- A JSON value as messages name it when it is of the wrong type.
CREATE FUNCTION df._described(value pg_catalog.json) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    number text;
BEGIN
    CASE json_typeof(value)
    WHEN 'null' THEN RETURN 'null';
    WHEN 'boolean' THEN RETURN format('boolean `%s`', value);
    WHEN 'string' THEN RETURN format('string "%s"', value #>> '{}');
    WHEN 'object' THEN RETURN 'map';
    WHEN 'array' THEN RETURN 'sequence';
    ELSE
        number := df._json_number(value #>> '{}');
        RETURN format(CASE WHEN number ~ '^-?[0-9]+$' THEN 'integer `%s`' ELSE 'floating point `%s`' END, number);
    END CASE;
END
$$;

-- One level of an envelope. All NULL if the text is not JSON; node_type NULL if it is JSON without a text as node_type; else problem says
-- what is wrong with the first member that is. A member may stand there once; null counts as absent.
CREATE FUNCTION df._decode(s pg_catalog.text) RETURNS df._decoded
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    node df._decoded;
    member record;
    seen text := ' ';
BEGIN
    IF json_typeof(s::json) <> 'object' THEN
        RETURN NULL;
    END IF;
    FOR member IN SELECT m.key, m.value, json_typeof(m.value) AS kind, m.number
                  FROM json_each(s::json) WITH ORDINALITY AS m (key, value, number) LOOP
        CONTINUE WHEN member.key NOT IN ('node_type', 'query', 'result_name',
                                         'left_node', 'right_node', 'condition_node', 'extra_nodes');
        IF strpos(seen, ' ' || member.key || ' ') > 0 THEN
            node.problem := format('duplicate field `%s`', member.key);
        END IF;
        seen := seen || member.key || ' ';
        IF node.problem IS NOT NULL THEN
            NULL;
        ELSIF member.key IN ('node_type', 'query', 'result_name') THEN
            IF member.kind = 'string' THEN
                CASE member.key
                WHEN 'node_type' THEN node.node_type := member.value #>> '{}';
                WHEN 'query' THEN node.query := member.value #>> '{}';
                ELSE node.result_name := member.value #>> '{}';
                END CASE;
            ELSIF member.kind <> 'null' OR member.key = 'node_type' THEN
                node.problem := format('invalid type: %s, expected a string', df._described(member.value));
            END IF;
        ELSIF member.key = 'extra_nodes' THEN
            IF member.kind <> 'array' THEN
                node.problem := format('invalid type: %s, expected a sequence', df._described(member.value));
            ELSIF EXISTS (SELECT FROM json_array_elements(member.value) AS e WHERE json_typeof(e) <> 'object') THEN
                node.problem := 'extra_nodes entries must be Durofut JSON objects';
            ELSE
                node.extra_nodes := (SELECT array_agg(e::text) FROM json_array_elements(member.value) AS e);
            END IF;
        ELSIF member.kind = 'object' THEN
            CASE member.key
            WHEN 'left_node' THEN node.left_node := member.value::text;
            WHEN 'right_node' THEN node.right_node := member.value::text;
            ELSE node.condition_node := member.value::text;
            END CASE;
        ELSIF member.kind <> 'null' THEN
            node.problem := CASE WHEN member.key = 'condition_node' THEN 'condition_node must be a Durofut JSON object'
                                 ELSE 'Durofut children must be JSON objects' END;
        END IF;
        IF node.problem IS NOT NULL THEN
            node.problem := node.problem || df._place(s, df._member_end(s, member.number::int4));
            node.node_type := CASE WHEN json_typeof(s::json -> 'node_type') = 'string' THEN s::json ->> 'node_type' END;
            RETURN node;
        END IF;
    END LOOP;
    IF node.node_type IS NULL THEN
        node.problem := 'missing field `node_type`' || df._place(s, df._member_end(s, 0));
    END IF;
    RETURN node;
EXCEPTION WHEN invalid_text_representation THEN
    RETURN NULL;
END
$$;

-- The canonical envelope of one level.
CREATE FUNCTION df._write(node df._decoded) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN '{"node_type":' || to_json(node.node_type)
        || coalesce(',"left_node":' || node.left_node, '')
        || coalesce(',"right_node":' || node.right_node, '')
        || coalesce(',"condition_node":' || node.condition_node, '')
        || coalesce(',"extra_nodes":[' || array_to_string(node.extra_nodes, ',') || ']', '')
        || coalesce(',"query":' || to_json(node.query), '')
        || coalesce(',"result_name":' || to_json(node.result_name), '')
        || '}';
END
$$;

-- Remembers the envelope composed last, for df._operand, and returns it. Short ones are not worth it.
CREATE FUNCTION df._composed(envelope pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF octet_length(envelope) > 1000 THEN
        PERFORM set_config('df.composed', envelope, true);
    END IF;
    RETURN envelope;
END
$$;

-- An operand as an envelope: what holds a node is that node, anything else becomes an SQL step.
--
-- In a long chain the left operand is the envelope composed just before. Decoding it again and again would make the chain quadratic in
-- JSON parsing, and comparing texts is some fifty times as fast. A session that forges df.composed deceives itself only: df.start
-- decodes every node.
CREATE FUNCTION df._operand(s pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    node df._decoded;
    helper text;
BEGIN
    IF left(s, 1) <> '{' AND left(ltrim(s, E' \t\r\n'), 1) <> '{' THEN
        helper := df._helper_just_called();
        IF helper IS NOT NULL THEN
            RAISE EXCEPTION '% cannot be used as a workflow step. Call % before df.start().', helper, helper
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        RETURN df.sql(s);
    END IF;
    IF s = current_setting('df.composed', true) THEN
        RETURN s;
    END IF;
    node := df._decode(s);
    IF node.node_type IS NULL THEN
        RETURN df.sql(s);
    END IF;
    IF node.problem IS NOT NULL THEN
        RAISE EXCEPTION 'Invalid Durofut JSON: failed to deserialize workflow step: %', node.problem
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF node.node_type <> ALL (df._node_types()) THEN
        RETURN df.sql(s);
    END IF;
    RETURN df._write(node);
END
$$;
