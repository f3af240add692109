CREATE TYPE order_status AS ENUM ('new', 'paid', 'shipped');
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer text NOT NULL,
    status order_status NOT NULL DEFAULT 'new',
    total integer NOT NULL,
    coupon text,
    placed_at timestamptz NOT NULL DEFAULT now()
);
