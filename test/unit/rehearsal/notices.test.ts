import { NoticeMessage } from "pg-protocol/dist/messages";
import { describe, expect, test } from "vitest";
import { blockLine, mirrorNotice, quotedStatement } from "../../../rehearsal/notices";

function notice(message: string, detail?: string): NoticeMessage {
    const made = new NoticeMessage(10, message);
    made.detail = detail;
    return made;
}

describe("notices", () => {
    const SERVER = { event: "server", context: "c", name: "s", handled: true, options: { host: "h" } };
    test.each<[string, NoticeMessage, unknown]>([
        ["ours", notice("fdw_stub_rehearsal", JSON.stringify(SERVER)), SERVER],
        [
            "without context",
            notice("fdw_stub_rehearsal", JSON.stringify({ event: "failed", message: "m" })),
            { event: "failed", context: "", message: "m" },
        ],
        ["the schema's own", notice("hello", JSON.stringify(SERVER)), undefined],
        ["no detail", notice("fdw_stub_rehearsal"), undefined],
        ["another event", notice("fdw_stub_rehearsal", JSON.stringify({ ...SERVER, event: "x" })), undefined],
        ["a forged one that is no JSON", notice("fdw_stub_rehearsal", "{"), undefined],
        [
            "a part of another type",
            notice("fdw_stub_rehearsal", JSON.stringify({ ...SERVER, options: [1] })),
            undefined,
        ],
    ])("%s", (_name, message, expected) => {
        expect(mirrorNotice(message)).toEqual(expected);
    });
});

describe("contexts", () => {
    const CONTEXT = `PL/pgSQL function fdw_stub_rehearsal.on_ddl() line 9 at PERFORM
SQL statement "IMPORT FOREIGN SCHEMA "S 1" FROM SERVER "a b" INTO x"
PL/pgSQL function setup(text) line 3 at EXECUTE
SQL statement "SELECT setup('a')"
PL/pgSQL function inline_code_block line 7 at PERFORM`;

    test("the line of the outermost DO block", () => {
        expect(blockLine(CONTEXT)).toBe(7);
        expect(blockLine(`${CONTEXT}\nPL/pgSQL function inline_code_block line 12 at EXECUTE`)).toBe(12);
        expect(blockLine("PL/pgSQL function f() line 3 at PERFORM")).toBeUndefined();
        expect(blockLine("")).toBeUndefined();
    });

    test("the innermost statement of a kind", () => {
        expect(quotedStatement(CONTEXT, /^\s*IMPORT\s/i)).toBe('IMPORT FOREIGN SCHEMA "S 1" FROM SERVER "a b" INTO x');
        expect(quotedStatement(CONTEXT, /^SELECT/)).toBe("SELECT setup('a')");
        expect(quotedStatement(CONTEXT, /^DROP/)).toBeUndefined();
        expect(
            quotedStatement('SQL statement "IMPORT FOREIGN SCHEMA x\n    FROM SERVER s INTO y"\nat', /^IMPORT/),
        ).toBe("IMPORT FOREIGN SCHEMA x\n    FROM SERVER s INTO y");
        expect(quotedStatement('SQL statement "IMPORT FOREIGN SCHEMA x FROM SERVER s INTO "Y""\nat', /^IMPORT/)).toBe(
            'IMPORT FOREIGN SCHEMA x FROM SERVER s INTO "Y"',
        );
    });
});
