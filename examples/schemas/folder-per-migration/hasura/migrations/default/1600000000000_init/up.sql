CREATE FOREIGN TABLE public."Refund" ("paymentId" text, reason text) SERVER "payments-db";
CREATE TABLE refund_reasons AS SELECT DISTINCT reason FROM "Refund";
