-- The policy `public`: any public address, found out after the name was resolved.

-- setting: dfsql.http_mode = public
-- setting: dfsql.http_allow = api.github.com
\c - postgres
SELECT df.grant_usage('app', include_http => true) \g /dev/null
\c - app

-- rule: R2.44 D-http-policy
SELECT df.start(df.http(replace(t.http(), '127.0.0.1', 'localhost') || '/echo', 'GET')) AS resolved \gset
CREATE TABLE addresses AS
SELECT a, df.start(df.http('http://' || a || '/', 'GET', NULL, NULL, 2)) AS id
FROM unnest(ARRAY['127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '[::1]', '[fe80::1]', '[fc00::1]', '[::ffff:10.0.0.1]',
    '224.0.0.1', '255.255.255.255', '[64:ff9b::a00:1]']) a;

-- rule: M14
SELECT df.start(df.http('http://no-such-host.invalid/', 'GET', NULL, NULL, 2)) AS unknown \gset

SELECT t.ends(:'resolved', 'failed', 'a name of a private address');
SELECT t.is(t.output(:'resolved'), 'Blocked: the resolved IP address for ''localhost'' is in a restricted range. df.http() cannot access private or internal network addresses.', 'its text');
SELECT t.ok((SELECT updated_at - created_at < '4.9 s' FROM df.instances WHERE id = :'resolved'), 'a blocked request is not retried');
SELECT t.ends(id, 'failed', a) FROM addresses;
SELECT t.is(t.output(id), 'Blocked: requests to bare IP addresses are not permitted. Use an approved Azure service hostname instead.', a) FROM addresses;
SELECT t.ends(:'unknown', 'failed', 'a name that does not resolve');
SELECT t.like(t.output(:'unknown'), 'HTTP connection failed: http://no-such-host.invalid/ - %', 'its text');
