-- JSON of values that only the server can read.
--
-- A step's rows reach the worker as text. For scalar types the worker writes JSON itself; for arrays, composite types and types that users
-- made it cannot know how, so it hands the texts of such a column back, in the same transaction, and gets JSON texts for them. The texts
-- are read again by the type's own input, so they say what to_json would have said of the values in the query.
--
-- It runs with the rights and the search_path of the step, on purpose: `regclass` and the like print names by the search_path, and only
-- the same path reads them back; a type's conversion function must not run with anybody else's rights.
-- The type comes in as its OID, so no text of a caller becomes SQL: format_type quotes what it prints, and prints a schema where the path
-- would not find the type. The modifier -1 keeps char(n) and bit from being cut to one character.

CREATE FUNCTION _duroxide.render(type pg_catalog.oid, texts pg_catalog.text[]) RETURNS pg_catalog.text[]
LANGUAGE plpgsql SECURITY INVOKER AS $render$
DECLARE
    rendered pg_catalog.text[];
BEGIN
    EXECUTE pg_catalog.format(
        'SELECT pg_catalog.array_agg(pg_catalog.to_json(cell.value::%s)::pg_catalog.text ORDER BY cell.number) '
        'FROM pg_catalog.unnest($1) WITH ORDINALITY AS cell(value, number)',
        pg_catalog.format_type(type, -1))
    INTO rendered USING texts;
    RETURN rendered;
END
$render$;

COMMENT ON FUNCTION _duroxide.render(pg_catalog.oid, pg_catalog.text[]) IS
    'JSON texts of values of a type, given as their texts; NULL stays NULL';
GRANT EXECUTE ON FUNCTION _duroxide.render(pg_catalog.oid, pg_catalog.text[]) TO PUBLIC;
