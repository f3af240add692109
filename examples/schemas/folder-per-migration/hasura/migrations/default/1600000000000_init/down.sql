DROP FOREIGN TABLE public."Refund";
