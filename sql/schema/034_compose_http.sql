-- HTTP steps: df.http and df.http_multipart.
--
-- Whether a host may be reached is decided when the request is made, by the worker. Here only the form is checked, unless HTTP is
-- switched off altogether (setting dfsql.http_mode). Headers and parts come as jsonb and are kept as JSON, compactly and with numbers as
-- 64-bit integers or doubles. Nobody but the owner may call these two until df.grant_usage(..., include_http => true).

-- A JSON number in the spelling that envelopes use: integers of 64 bits as they are, all others as the shortest double, 1.0, 0.00001, 1e22.
CREATE FUNCTION df._json_number(number pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
SET extra_float_digits = 1
AS $$
DECLARE
    exact numeric := number::numeric;
    parts text[];
    digits text;
    point int4;         -- place of the decimal point relative to the first digit
BEGIN
    IF strpos(exact::text, '.') = 0 AND exact BETWEEN -9223372036854775808 AND 18446744073709551615 THEN
        RETURN exact::text;
    ELSIF abs(exact) < 2.5e-324 THEN
        RETURN '0.0';
    END IF;
    parts := regexp_match(exact::float8::text, '^(-?)([0-9]+)(?:\.([0-9]+))?(?:e([-+][0-9]+))?$');
    digits := ltrim(parts[2] || coalesce(parts[3], ''), '0');
    point := length(digits) - length(coalesce(parts[3], '')) + coalesce(parts[4]::int4, 0);
    digits := rtrim(digits, '0');
    RETURN parts[1] || CASE
        WHEN point > 16 OR point < -4
            THEN left(digits, 1) || coalesce('.' || nullif(substr(digits, 2), ''), '') || 'e' || (point - 1)
        WHEN point <= 0 THEN '0.' || repeat('0', -point) || digits
        WHEN point >= length(digits) THEN rpad(digits, point, '0') || '.0'
        ELSE left(digits, point) || '.' || substr(digits, point + 1)
    END;
END
$$;

-- JSON without blanks, keys in the order given. Tokens are strings, numbers, and whatever stands between.
CREATE FUNCTION df._compact(value pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT string_agg(coalesce(t.parts[1], df._json_number(t.parts[2]), regexp_replace(t.parts[3], '[ \t\r\n]+', '', 'g')), ''
                          ORDER BY t.number)
        FROM regexp_matches(value, '("(?:[^"\\]|\\.)*")|(-?[0-9][-+.0-9eE]*)|([^-"0-9]+)', 'g') WITH ORDINALITY AS t (parts, number));
END
$$;

-- Checks that both functions share, in the order in which they report. methods: the allowed ones.
CREATE FUNCTION df._check_request(function_name pg_catalog.text, url pg_catalog.text, method pg_catalog.text,
                                  headers pg_catalog.jsonb, timeout_seconds pg_catalog.int4) RETURNS pg_catalog.void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    scheme text := lower(split_part(url, '://', 1) COLLATE "C");
    header record;
BEGIN
    IF url IS NULL OR method IS NULL OR timeout_seconds IS NULL THEN
        RAISE EXCEPTION 'unboxing % argument failed',
            CASE WHEN url IS NULL THEN 'url' WHEN method IS NULL THEN 'method' ELSE 'timeout_seconds' END
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF df._setting('dfsql.http_mode') = 'off' THEN
        RAISE EXCEPTION 'df.%() is disabled. Rebuild with the ''http-allow-azure-domains'' Cargo feature to enable outbound HTTP requests.',
            function_name USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Here it is the setting dfsql.http_mode that decides: off, allowlist or public.';
    END IF;
    IF strpos(url, '{') = 0 AND scheme NOT IN ('http', 'https') THEN
        RAISE EXCEPTION 'Blocked: unsupported URL scheme ''%''. Only http and https are allowed.', scheme
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF function_name = 'http' AND upper(method COLLATE "C") NOT IN ('GET', 'POST', 'PUT', 'DELETE', 'PATCH') THEN
        RAISE EXCEPTION 'Invalid HTTP method: %. Must be GET, POST, PUT, DELETE, or PATCH', method
            USING ERRCODE = 'invalid_parameter_value';
    ELSIF function_name = 'http_multipart' AND upper(method COLLATE "C") NOT IN ('POST', 'PUT', 'PATCH') THEN
        RAISE EXCEPTION 'Invalid HTTP method for multipart: %. Must be POST, PUT, or PATCH', method
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF timeout_seconds <= 0 THEN
        RAISE EXCEPTION 'Timeout must be positive' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF jsonb_typeof(headers) <> 'object' THEN
        RAISE EXCEPTION 'headers must be a JSON object' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOR header IN SELECT h.key, jsonb_typeof(h.value) AS kind FROM jsonb_each(headers) AS h LOOP
        IF header.key !~ '^[-!#$%&''*+.^_`|~0-9A-Za-z]+$' THEN
            RAISE EXCEPTION 'invalid header name ''%''', header.key USING ERRCODE = 'invalid_parameter_value';
        ELSIF header.kind NOT IN ('string', 'number', 'boolean') THEN
            RAISE EXCEPTION 'header ''%'' must be a text, a number or a boolean', header.key USING ERRCODE = 'invalid_parameter_value';
        END IF;
    END LOOP;
END
$$;

CREATE FUNCTION df.http(url pg_catalog.text, method pg_catalog.text DEFAULT 'POST', body pg_catalog.text DEFAULT NULL,
                        headers pg_catalog.jsonb DEFAULT NULL, timeout_seconds pg_catalog.int4 DEFAULT 30) RETURNS pg_catalog.text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM df._check_request('http', url, method, headers, timeout_seconds);
    RETURN df._leaf('HTTP', '{"url":' || to_json(url) || ',"method":' || to_json(upper(method COLLATE "C"))
                            || ',"body":' || coalesce(to_json(body)::text, 'null')
                            || ',"headers":' || coalesce(df._compact(headers::text), 'null')
                            || ',"timeout_seconds":' || timeout_seconds || '}');
END
$$;
COMMENT ON FUNCTION df.http(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.jsonb, pg_catalog.int4) IS
    'sends an HTTP request';
REVOKE EXECUTE ON FUNCTION df.http(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.jsonb, pg_catalog.int4) FROM PUBLIC;

CREATE FUNCTION df.http_multipart(url pg_catalog.text, method pg_catalog.text DEFAULT 'POST', parts pg_catalog.jsonb DEFAULT NULL,
                                  headers pg_catalog.jsonb DEFAULT NULL, timeout_seconds pg_catalog.int4 DEFAULT 30)
RETURNS pg_catalog.text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM df._check_request('http_multipart', url, method, headers, timeout_seconds);
    IF parts IS NULL THEN
        RAISE EXCEPTION 'parts is required and cannot be NULL' USING ERRCODE = 'invalid_parameter_value';
    ELSIF jsonb_typeof(parts) <> 'array' THEN
        RAISE EXCEPTION 'parts must be a JSON array of part objects' USING ERRCODE = 'invalid_parameter_value';
    ELSIF jsonb_array_length(parts) = 0 THEN
        RAISE EXCEPTION 'parts must contain at least one part' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN df._leaf('HTTP_MULTIPART', '{"url":' || to_json(url) || ',"method":' || to_json(upper(method COLLATE "C"))
                                      || ',"parts":' || df._compact(parts::text)
                                      || ',"headers":' || coalesce(df._compact(headers::text), 'null')
                                      || ',"timeout_seconds":' || timeout_seconds || '}');
END
$$;
COMMENT ON FUNCTION df.http_multipart(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.int4) IS
    'sends an HTTP request of several parts';
REVOKE EXECUTE ON FUNCTION df.http_multipart(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.int4)
    FROM PUBLIC;
