import { expect, test } from "vitest";
import { lackingExtensions } from "../../../server/summary";

test("an extension that the image lacks is named once, with the key that helps", () => {
    const held = (database: string, extensions: string[]) => ({
        database,
        extensions,
        tableCount: 0,
        tables: [],
        users: [],
    });
    const needs = (database: string, ...names: string[]) => ({ database, extensions: names.map((name) => ({ name })) });
    expect(
        lackingExtensions(
            [needs("a", "citext", "postgis", "plpgsql"), needs("b", "postgis")],
            [held("a", ["citext"]), held("b", [])],
            "postgres:18",
        ),
    ).toEqual([
        'The image postgres:18 lacks the extension "postgis", which a foreign server names; its stub is without it. An image that has it, in the configuration: image: NAME',
    ]);
    expect(lackingExtensions([needs("a", "citext")], [held("a", ["citext"])], "postgres:18")).toEqual([]);
});
