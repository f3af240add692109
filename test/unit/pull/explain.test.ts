import { expect, test } from "vitest";
import { refuseStub } from "../../../pull/explain";
import { extensionName } from "../../../upstreams/script";

test("a stub is not taken for its upstream", () => {
    expect(() => refuseStub("orders", ["citext", extensionName("orders")])).toThrow(
        'The database "orders" is a stub that fdw-stub made, and not the upstream itself.',
    );
});

test.each([[[]], [["citext", "fdw_stub_orders"]], [[extensionName("billing")]]])(
    "extensions %j are an upstream's",
    (names) => {
        expect(() => refuseStub("orders", names)).not.toThrow();
    },
);
