-- HTTP steps, against a web server on loopback that the settings allow by name. Retries are in 08_http_retries.sql.

-- rule: D-http-policy A5.3
SELECT t.is(df._setting('dfsql.http_mode'), 'allowlist', 'the policy is a setting');
SELECT replace(t.http(), '127.0.0.1', 'localhost') AS web \gset
\c - postgres
SELECT df.grant_usage('app', include_http => true), df.grant_usage('other') \g /dev/null
\c - app
CREATE TABLE got (body jsonb);

-- rule: R2.41 R2.45 R4.1
SELECT df.start($$SELECT 'octo' AS login, 7 AS id, 'it''s' AS s$$ |=> 'u'
    ~> df.http(:'web' || '/echo/$u.login/{sys_label}', 'POST', '{"id": $u.id, "s": "$u.s", "who": "{sys_label}"}', '{"X-User": "$u.login", "X-$u.login": "1", "X-Number": 5, "X-Flag": true}')
    |=> 'r' ~> $$INSERT INTO got SELECT ($r.body)::jsonb$$ ~> 'SELECT $r.status AS status, $r.ok AS ok', 'lbl') AS echo \gset
SELECT df.start(df.http(:'web' || '/echo', 'get', NULL, '{"user-agent": "mine", "idempotency-KEY": "k1", "accept": "text/x"}') |=> 'r' ~> 'SELECT ($r.body)::jsonb AS j') AS own_headers \gset
SELECT df.start(df.http(:'web' || '/echo', 'DELETE', 'gone') |=> 'r' ~> 'SELECT ($r.body)::jsonb AS j') AS body_of_any \gset

-- rule: R2.46 D-http
SELECT df.start(df.http(:'web' || '/nothing/here', 'GET')) AS missing \gset
SELECT df.start(df.http(:'web' || '/bytes/ff0001?type=application/octet-stream', 'GET')) AS binary \gset
SELECT df.start(df.http(:'web' || '/bytes/6869?type=application/octet-stream', 'GET')) AS quiet \gset
SELECT df.start(df.http(:'web' || '/bytes/6869ff', 'GET')) AS untyped \gset
SELECT df.start(df.http(:'web' || '/bytes/e9?type=text/plain;charset=iso-8859-1', 'GET')) AS latin \gset
SELECT df.start(df.http(:'web' || '/bytes/e9?type=text/plain', 'GET')) AS broken \gset
SELECT df.start(df.http(:'web' || '/headers', 'GET')) AS headers \gset
SELECT df.start(df.http(:'web' || '/status/404', 'GET') |=> 'r' ~> df.if('SELECT $r.ok', 'SELECT 1', 'SELECT $r.status AS s')) AS not_ok \gset

-- rule: M14
SELECT df.start(df.http(:'web' || '/status/302', 'GET')) AS moved \gset
SELECT df.start(df.http('http://169.254.169.254/latest', 'GET')) AS metadata \gset
SELECT df.start(df.http('http://8.8.8.8/', 'GET')) AS bare \gset
SELECT df.start(df.http('http://[::1]/', 'GET')) AS bare6 \gset
SELECT df.start(df.http('http://0x0a.1/', 'GET')) AS odd \gset

-- rule: R2.42 R2.43
SELECT df.start(df.http('https://example.com/', 'GET')) AS unlisted \gset
SELECT df.start($$SELECT 'ftp' AS s$$ |=> 'x' ~> df.http('{sys_label}://h/x', 'GET'), 'ftp') AS scheme \gset
SELECT df.start(df.http('http:///x', 'GET')) AS no_host \gset
SELECT df.start(df.http('https://api.github.com.evil.example/', 'GET')) AS suffix \gset
SELECT df.start(df.http(:'web' || '@example.com/', 'GET')) AS userinfo \gset
SELECT t.throws($$SELECT df.http('ftp://h/x')$$, 'Blocked: unsupported URL scheme ''ftp''. Only http and https are allowed.');
SELECT t.throws($$SELECT df.http('https://h/x', 'TRACE')$$, 'Invalid HTTP method: TRACE. Must be GET, POST, PUT, DELETE, or PATCH');
SELECT t.throws($$SELECT df.http('https://h/x', 'GET', NULL, NULL, 0)$$, 'Timeout must be positive');

-- rule: D-http
SELECT t.throws($$SELECT df.http('https://h/x', 'GET', NULL, '{"X": {"a": 1}}')$$, '%');
SELECT t.throws($$SELECT df.http('https://h/x', 'GET', NULL, '{"a b": "1"}')$$, '%');

-- rule: D-question R4.7
SELECT df.start('SELECT 7 AS id' |=> 'c' ~> df.http(:'web' || '/echo/$c.id?page=2&id=$c.id', 'GET') |=> 'r' ~> $$SELECT ($r.body)::jsonb ->> 'path' AS p$$) AS question \gset

-- rule: D-braces R4.4
SELECT df.setvar('m', 'small') \g /dev/null
SELECT df.start(df.http(:'web' || '/echo', 'POST', '{"model":"{m}","n":{"x":"{nope}"}}') |=> 'r' ~> $$SELECT (($r.body)::jsonb ->> 'body') AS b$$) AS braces \gset

-- rule: R2.42 A4.4
-- The right to call df.http is looked at again when the request is made, for the role that submitted.
\c - other
SELECT t.throws($$SELECT df.http('https://h/x', 'GET')$$, 'permission denied for function http', '42501');
SELECT df.start(format('{"node_type":"HTTP","query":"{\"url\":\"%s/echo\",\"method\":\"GET\",\"body\":null,\"headers\":null,\"timeout_seconds\":5}"}', :'web')) AS handmade \gset
SELECT t.ends(:'handmade', 'failed', 'a request by a role without the right');
SELECT t.is(t.output(:'handmade'), 'Blocked: role ''other'' does not have EXECUTE privilege on df.http(). Grant EXECUTE ON FUNCTION df.http(text,text,text,jsonb,integer) TO other to allow HTTP requests.', 'its text');
\c - app

-- rule: R2.45
SELECT t.ends(:'echo', 'completed', 'a POST');
SELECT t.is(t.result(:'echo'), '{"rows":[{"status":200,"ok":true}],"row_count":1}', 'its answer is read by column');
SELECT t.is((SELECT body ->> 'path' FROM got), '/echo/octo/lbl', 'references in the URL');
SELECT t.is((SELECT body ->> 'body' FROM got), '{"id": 7, "s": "it''s", "who": "lbl"}', 'references in the body are raw text');
SELECT t.is((SELECT body #>> '{headers,x-user}' FROM got), 'octo', 'references in header values');
SELECT t.is((SELECT body #>> '{headers,x-$u.login}' FROM got), '1', 'header names are not substituted');
SELECT t.is((SELECT body #>> '{headers,x-number}' || (body #>> '{headers,x-flag}') FROM got), '5true', 'numbers and booleans are sent as text');
SELECT t.is((SELECT body #>> '{headers,content-type}' FROM got), NULL, 'no content type is added');
SELECT t.is((SELECT body #>> '{headers,accept}' FROM got), '*/*', 'default Accept');
SELECT t.like((SELECT body #>> '{headers,user-agent}' FROM got), '%/%', 'a User-Agent');
SELECT t.ok((SELECT length(body #>> '{headers,idempotency-key}') > 8 FROM got), 'every request has an Idempotency-Key');
SELECT t.ends(:'own_headers', 'completed', 'headers of the author');
SELECT t.is((SELECT row(j #>> '{headers,user-agent}', j #>> '{headers,idempotency-key}', j ->> 'method')::text
    FROM (SELECT t.result(:'own_headers') #> '{rows,0,j}' AS j) x), '(mine,k1,GET)', 'take the place of ours');
SELECT t.ends(:'body_of_any', 'completed', 'a body of a DELETE');
SELECT t.is(t.result(:'body_of_any') #>> '{rows,0,j,body}', 'gone', 'is sent');

-- rule: R2.46
SELECT t.ends(:'missing', 'completed', '404 is a success');
SELECT t.is(t.result(:'missing') - 'duration_ms' - 'headers', '{"status":404,"body":"{\"e\":\"nf\"}","encoding":"text","ok":false}', 'its result');
SELECT t.is(t.result(:'missing') #>> '{headers,content-type}', 'application/json', 'header names are lower case');
SELECT t.like(t.output(:'missing'), '{"status":404,"body":%,"encoding":"text","headers":{%},"ok":false,"duration_ms":%}', 'key order');
SELECT t.ends(:'binary', 'completed', 'bytes');
SELECT t.is(t.result(:'binary') - 'duration_ms' - 'headers', '{"status":200,"body":"/wAB","encoding":"base64","ok":true}', 'that are no text: base64');
SELECT t.ends(:'quiet', 'completed', 'bytes');
SELECT t.is(t.result(:'quiet') ->> 'body' || (t.result(:'quiet') ->> 'encoding'), 'hitext', 'that are text');
SELECT t.ends(:'untyped', 'completed', 'no type');
SELECT t.is(t.result(:'untyped') ->> 'encoding', 'base64', 'is looked at byte by byte');
SELECT t.ends(:'latin', 'completed', 'a charset');
SELECT t.is(t.result(:'latin') ->> 'body', 'é', 'is honoured');
SELECT t.ends(:'broken', 'completed', 'bad bytes in text');
SELECT t.is(t.result(:'broken') ->> 'body', U&'\FFFD', 'become replacement characters');
SELECT t.ends(:'headers', 'completed', 'headers');
SELECT t.is((t.result(:'headers') -> 'headers') - 'date' - 'server' - 'content-length', '{"x-twice":"two","x-mixed":"Case"}', 'the last of several, none that is not ASCII');
SELECT t.ends(:'not_ok', 'completed', 'an answer in a condition');
SELECT t.is(t.result(:'not_ok'), '{"rows":[{"s":404}],"row_count":1}', 'ok is false for 404');

SELECT t.ends(:'moved', 'completed', 'a redirect');
SELECT t.is(t.result(:'moved') ->> 'status', '302', 'is returned');
SELECT t.is(t.result(:'moved') #>> '{headers,location}', '/echo', 'with its target');

SELECT t.ends(id, 'failed', what) FROM (VALUES (:'metadata', 'metadata'), (:'bare', 'public address'), (:'bare6', 'IPv6'), (:'odd', 'hex address')) v (id, what);
SELECT t.is(t.output(id), 'Blocked: requests to bare IP addresses are not permitted. Use an approved Azure service hostname instead.', what)
FROM (VALUES (:'metadata', 'metadata'), (:'bare', 'public address'), (:'bare6', 'IPv6')) v (id, what);
SELECT t.like(t.output(:'odd'), 'Blocked: %', 'an address in disguise');
SELECT t.ends(:'unlisted', 'failed', 'a host outside the list');
SELECT t.is(t.output(:'unlisted'), 'Blocked: ''example.com'' is not in the allowed endpoint list. Only requests to approved Azure service domains are permitted.', 'its text');
SELECT t.is((t.node(:'unlisted', 'HTTP')).status, 'failed', 'its node');
SELECT t.ends(:'scheme', 'failed', 'another scheme');
SELECT t.is(t.output(:'scheme'), 'Blocked: unsupported URL scheme ''ftp''. Only http and https are allowed.', 'its text');
SELECT t.ends(:'no_host', 'failed', 'no host');
SELECT t.is(t.output(:'no_host'), 'Blocked: unable to extract hostname from URL.', 'its text');
SELECT t.ends(:'suffix', 'failed', 'a host that only looks listed');
SELECT t.like(t.output(:'suffix'), 'Blocked: ''api.github.com.evil.example'' is not %', 'its text');
SELECT t.ends(:'userinfo', 'failed', 'a host behind user information');
SELECT t.like(t.output(:'userinfo'), 'Blocked: ''example.com'' is not %', 'its text');

SELECT t.ends(:'question', 'completed', 'a query string behind a reference');
SELECT t.is(t.result(:'question'), '{"rows":[{"p":"/echo/7?page=2&id=7"}],"row_count":1}', 'is kept');
SELECT t.ends(:'braces', 'completed', 'a variable in a JSON body');
SELECT t.is(t.result(:'braces'), '{"rows":[{"b":"{\"model\":\"small\",\"n\":{\"x\":\"{nope}\"}}"}],"row_count":1}', 'is replaced');

-- Rows that no builder makes.
\c - dfowner
CREATE TABLE by_hand (id text, expected text);
BEGIN;
SELECT df.start(df.http(:'web' || '/echo', 'GET')) AS id \gset
UPDATE df.nodes SET query = 'x' WHERE instance_id = :'id';
INSERT INTO by_hand VALUES (:'id', 'Invalid HTTP config: %');
SELECT df.start(df.http(:'web' || '/echo', 'GET')) AS id \gset
UPDATE df.nodes SET query = '[1]' WHERE instance_id = :'id';
INSERT INTO by_hand VALUES (:'id', 'Invalid HTTP config: %');
SELECT df.start(df.http(:'web' || '/echo', 'GET')) AS id \gset
UPDATE df.nodes SET query = format('{"url":"%s/echo","method":"TRACE"}', :'web') WHERE instance_id = :'id';
INSERT INTO by_hand VALUES (:'id', 'Unsupported HTTP method: TRACE');
COMMIT;
SELECT t.ends(id, 'failed', expected) FROM by_hand;
SELECT t.like(t.output(id), expected, expected) FROM by_hand;
