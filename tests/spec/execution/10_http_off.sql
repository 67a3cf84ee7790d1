-- The policy `off`.

-- setting: dfsql.http_mode = off
\c - postgres
SELECT df.grant_usage('app', include_http => true) \g /dev/null
\c - app

-- rule: R2.43 D-http-policy
SELECT t.throws($$SELECT df.http('ftp://h/', 'NONE')$$, 'df.http() is disabled. Rebuild with the ''http-allow-azure-domains'' Cargo feature to enable outbound HTTP requests.');
SELECT t.throws($$SELECT df.http_multipart('https://h/')$$, 'df.http_multipart() is disabled. Rebuild with the ''http-allow-azure-domains'' Cargo feature to enable outbound HTTP requests.');
SELECT df.start($${"node_type":"HTTP","query":"{\"url\":\"https://api.github.com/\",\"method\":\"GET\",\"body\":null,\"headers\":null,\"timeout_seconds\":5}"}$$) AS handmade \gset
SELECT t.ends(:'handmade', 'failed', 'a request built by hand');
SELECT t.like(t.output(:'handmade'), 'Blocked: outbound HTTP requests are disabled.%', 'its text');
