-- What an HTTP step does when the other side fails: three attempts, with pauses of 1 and 4 seconds, and the text of the last one.

SELECT replace(t.http(), '127.0.0.1', 'localhost') AS web \gset
\c - postgres
SELECT df.grant_usage('app', include_http => true) \g /dev/null
\c - app

-- rule: R2.47 R2.48 R6.2 D-retries
SELECT df.start(df.http(:'web' || '/status/503?body=busy', 'GET')) AS busy \gset
SELECT df.start(df.http(:'web' || '/status/500?body=0123456789&times=100', 'POST')) AS wordy \gset
SELECT df.start(df.http_multipart(:'web' || '/status/502?body=x', 'POST', '[{"name":"f","data_b64":"aGk="}]')) AS parts \gset
SELECT df.start(df.http(:'web' || '/flaky/once-{sys_instance_id}/1', 'GET') |=> 'r' ~> 'SELECT $r.body AS b') AS once \gset
SELECT df.start(df.http(:'web' || '/flaky/twice-{sys_instance_id}/2', 'GET') |=> 'r' ~> 'SELECT $r.body AS b') AS twice \gset
SELECT df.start(df.http(:'web' || '/drop/dropped', 'GET')) AS dropped \gset
SELECT df.start(df.http('http://localhost:1/', 'GET')) AS refused \gset
SELECT df.start(df.http(:'web' || '/slow/5', 'GET', NULL, NULL, 1)) AS slow \gset
SELECT df.start(df.http(:'web' || '/status/429', 'GET') |=> 'r' ~> 'SELECT $r.status AS s') AS once429 \gset

-- rule: D-http
-- setting: dfsql.http_max_response_bytes = 1000
SELECT df.start(df.http(:'web' || '/size/1000', 'GET') |=> 'r' ~> 'SELECT length($r.body) AS n') AS fits \gset
SELECT df.start(df.http(:'web' || '/size/1001', 'GET')) AS too_big \gset

-- rule: R2.48
SELECT t.ends(:'once429', 'completed', '4xx is not retried');
SELECT t.is(t.result(:'once429'), '{"rows":[{"s":429}],"row_count":1}', 'it is an answer');
SELECT t.ends(:'once', 'completed', 'a server that fails once');
SELECT t.is(t.result(:'once'), '{"rows":[{"b":"try 2"}],"row_count":1}', 'is asked again');
SELECT t.ends(:'twice', 'completed', 'a server that fails twice');
SELECT t.is(t.result(:'twice'), '{"rows":[{"b":"try 3"}],"row_count":1}', 'is asked a third time');
SELECT t.ends(:'fits', 'completed', 'an answer of the longest length');
SELECT t.is(t.result(:'fits'), '{"rows":[{"n":1000}],"row_count":1}', 'is taken');
SELECT t.ends(:'too_big', 'failed', 'a longer one is refused');
SELECT t.like(t.output(:'too_big'), '%1000%', 'with the limit in its text');

SELECT t.ends(:'busy', 'failed', 'a server that fails three times');
SELECT t.is(t.output(:'busy'), 'HTTP GET ' || :'web' || '/status/503?body=busy returned 503: busy', 'its text');
SELECT t.is((t.node(:'busy', 'HTTP')).result #>> '{}', t.output(:'busy'), 'also in the node');
SELECT t.ends(:'wordy', 'failed', 'a long answer of a failure');
SELECT t.like(t.output(:'wordy'), 'HTTP POST % returned 500: 0123456789%01... [truncated, 1000 bytes total]', 'is cut at 512 bytes');
SELECT t.is(length(substring(t.output(:'wordy') FROM 'returned 500: (\d+)\.\.\.')), 512, 'exactly');
SELECT t.ends(:'parts', 'failed', 'a multipart request');
SELECT t.is(t.output(:'parts'), 'HTTP_MULTIPART POST ' || :'web' || '/status/502?body=x returned 502: x', 'its text');
SELECT t.ends(:'dropped', 'failed', 'a connection that ends without an answer');
SELECT t.like(t.output(:'dropped'), 'HTTP request failed: ' || :'web' || '/drop/dropped - %', 'its text');
SELECT t.ends(:'refused', 'failed', 'a port that nobody listens on');
SELECT t.like(t.output(:'refused'), 'HTTP connection failed: http://localhost:1/ - %', 'its text');
SELECT t.ends(:'slow', 'failed', 'a server that is too slow');
SELECT t.is(t.output(:'slow'), 'HTTP timeout after 1s: ' || :'web' || '/slow/5', 'its text');
SELECT t.ok((SELECT updated_at - created_at BETWEEN '4.9 s' AND '9 s' FROM df.instances WHERE id = :'busy'), 'pauses of 1 and 4 seconds');
