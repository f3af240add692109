\set limit 10
CREATE MATERIALIZED VIEW tele.top AS
SELECT s.device, p.account, max(s.value) AS value
FROM tele.samples s JOIN payers p USING (device)
WHERE s.tags && '{{a,b},{c,d}}'::text[] AND s.value > :limit
GROUP BY 1, 2;
