-- Multipart HTTP steps.

SELECT replace(t.http(), '127.0.0.1', 'localhost') AS web \gset
\c - postgres
SELECT df.grant_usage('app', include_http => true) \g /dev/null
\c - app
CREATE TABLE good AS SELECT NULL::text AS id, NULL::text AS what, NULL::text AS expected WHERE false;
CREATE TABLE bad (LIKE good);

-- rule: R2.49 R2.51
SELECT df.start(df.http_multipart(:'web' || '/echo', 'POST', '[{"name":"my file","filename":"a\"b.txt","content_type":"text/plain","data_b64":"aGk="}, {"name":"plain","data_b64":"eWVz"}]',
    '{"Content-Type": "x/y", "X-A": "1"}') |=> 'r' ~> 'SELECT ($r.body)::jsonb AS j') AS sent \gset
SELECT df.start(df.http_multipart(:'web' || '/status/201', 'PUT', '[{"name":"f","data_b64":"aGk="}]')) AS created \gset

-- rule: R2.50
SELECT df.setvar('name', 'var name') || df.setvar('data', 'dmFy') AS ignored \gset
SELECT df.start($$SELECT 'aGk=' AS b, 'col' AS c$$ |=> 'p' ~> df.http_multipart(:'web' || '/echo', 'POST',
    '[{"name":"$p.c","filename":"{name}.txt","content_type":"text/plain","data_b64":" $p.b "}, {"name":"v","data_b64":"{data}"}]') |=> 'r' ~> $$SELECT ($r.body)::jsonb ->> 'body' AS j$$) AS referred \gset
INSERT INTO bad SELECT df.start($$SELECT 'aGk=' AS b$$ |=> 'p' ~> df.http_multipart(:'web' || '/echo', 'POST', '[{"name":"f","data_b64":"x$p.b"}]')), 'mixed',
    'HTTP_MULTIPART node % data_b64 for part ''f'' mixes a variable reference with other text. Only a whole-value reference is supported (e.g. data_b64 => ''$result'' or ''{myvar}''), because splicing into base64 would corrupt the payload.';
INSERT INTO bad SELECT df.start(df.http_multipart(:'web' || '/echo', 'POST', '[{"name":"f","data_b64":"**"}]')), 'no base64', 'Invalid base64 in part ''f'': %';
INSERT INTO bad SELECT df.start(df.http_multipart(:'web' || '/echo', 'POST', '[{"name":"f","data_b64":"$nobody"}]')), 'an unknown name', 'Invalid base64 in part ''f'': %';
INSERT INTO bad SELECT df.start(df.http_multipart(:'web' || '/echo', 'POST', '[{"name":"f","data_b64":"aGk=","content_type":"no type"}]')), 'no media type', 'Invalid content_type for part ''f'': %';
INSERT INTO bad SELECT df.start(df.http_multipart(:'web' || '/echo', 'POST', '[{"data_b64":"aGk="}]')), 'no name', '%name%';
INSERT INTO bad SELECT df.start(df.http_multipart('http://10.0.0.1/', 'POST', '[{"name":"f","data_b64":"aGk="}]')), 'an address', 'Blocked: requests to bare IP addresses are not permitted. Use an approved Azure service hostname instead.';
SELECT df.start(df.http(:'web' || '/bytes/ff00', 'GET') |=> 'd' ~> df.http_multipart(:'web' || '/echo', 'PATCH', '[{"name":"f","data_b64":"$d.body"}]')) AS chained \gset

-- rule: R2.49
SELECT t.throws($$SELECT df.http_multipart('https://h/', 'GET', '[{"name":"f","data_b64":""}]')$$, 'Invalid HTTP method for multipart: GET. Must be POST, PUT, or PATCH');
SELECT t.throws($$SELECT df.http_multipart('https://h/')$$, 'parts is required and cannot be NULL');
SELECT t.throws($$SELECT df.http_multipart('https://h/', 'POST', '{}')$$, 'parts must be a JSON array of part objects');
SELECT t.throws($$SELECT df.http_multipart('https://h/', 'POST', '[]')$$, 'parts must contain at least one part');
SELECT t.throws($$SELECT df.http_multipart('gopher://h/', 'POST', '[]')$$, 'Blocked: unsupported URL scheme ''gopher''. Only http and https are allowed.');
\c - other
SELECT df.start(format('{"node_type":"HTTP_MULTIPART","query":"{\"url\":\"%s/echo\",\"method\":\"POST\",\"parts\":[{\"name\":\"f\",\"data_b64\":\"aGk=\"}],\"headers\":null,\"timeout_seconds\":5}"}', :'web')) AS handmade \gset
SELECT t.ends(:'handmade', 'failed', 'a request by a role without the right');
SELECT t.is(t.output(:'handmade'), 'Blocked: role ''other'' does not have EXECUTE privilege on df.http_multipart(). Grant EXECUTE ON FUNCTION df.http_multipart(text,text,jsonb,jsonb,integer) TO other to allow multipart HTTP requests.', 'its text');
\c - app

SELECT t.ends(:'sent', 'completed', 'two parts');
SELECT t.result(:'sent') #>> '{rows,0,j,body}' AS body, t.result(:'sent') #>> '{rows,0,j,headers,content-type}' AS type, t.result(:'sent') #>> '{rows,0,j,headers,x-a}' AS a \gset
SELECT t.ok(position(E'Content-Disposition: form-data; name*=utf-8\'\'my%20file; filename="a\\"b.txt"' IN :'body') > 0, 'names and file names are encoded: ' || :'body');
SELECT t.ok(position('Content-Disposition: form-data; name="plain"' IN :'body') > 0, 'a plain name is quoted');
SELECT t.ok(:'body' ~ E'Content-Type: text/plain\r\n', 'the part''s type');
SELECT t.ok(:'body' ~ E'\r\n\r\nhi\r\n', 'the part''s bytes');
SELECT t.like(:'type', 'multipart/form-data; boundary=%', 'a content type of the author is dropped');
SELECT t.is(:'a'::text, '1', 'other headers are sent');
SELECT t.ends(:'created', 'completed', 'a PUT');
SELECT t.is(t.result(:'created') - 'headers' - 'duration_ms', '{"status":201,"body":"","encoding":"text","ok":true}', 'its result');
SELECT t.ends(:'referred', 'completed', 'references in parts');
SELECT t.ok(t.result(:'referred') #>> '{rows,0,j}' ~ E'name="col"; filename="var name.txt"\r\n(.*\r\n)?\r\nhi\r\n', 'in names and as whole data: ' || t.output(:'referred'));
SELECT t.ok(t.result(:'referred') #>> '{rows,0,j}' ~ E'name="v"\r\n(.*\r\n)?\r\nvar\r\n', 'a variable as whole data');
SELECT t.ends(:'chained', 'completed', 'a downloaded body is sent on');
SELECT t.ok((t.result(:'chained') ->> 'body') ~ '\\r\\n\\r\\n\\u00ff\\u0000\\r\\n', 'byte by byte');
SELECT t.ends(id, 'failed', what) FROM bad;
SELECT t.like(t.output(id), expected, what) FROM bad;
