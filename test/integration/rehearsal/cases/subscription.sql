-- expect: runs
-- upstreams: news.internal:5432/news
CREATE TABLE article (id bigint PRIMARY KEY, title text);
CREATE SUBSCRIPTION news CONNECTION 'host=news.internal dbname=news user=replicator password=pw' PUBLICATION articles;
DROP SUBSCRIPTION news;
