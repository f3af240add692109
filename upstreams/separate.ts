/** Upstreams with one database name whose tables differ, as shards have them: each gets a database of its own. */
import { createHash } from "node:crypto";
import type { Upstream } from "./model";
import { canonicalHost } from "./names";
import { isServerItself } from "./network";
import { MAX_IDENTIFIER_BYTES } from "./quote";

/** What distinguishes one upstream's content from another's. */
function contentOf({ tables, ddl, publications = [], seed = [] }: Upstream): string {
    const sorted = tables
        .map(({ schema, name, columns, rows }) => JSON.stringify([schema, name, columns, rows]))
        .sort();
    return JSON.stringify([sorted, ddl.map(({ sql }) => sql), [...publications].sort(), seed.map(({ text }) => text)]);
}

function isEmpty({ tables, ddl, publications = [], seed = [] }: Upstream): boolean {
    return tables.length === 0 && ddl.length === 0 && publications.length === 0 && seed.length === 0;
}

function placeOf({ host, hostaddr = host, port }: Upstream): string {
    return `${canonicalHost(hostaddr)}:${port}`;
}

/** A name for the stub that tells where it stands, unique however long the parts are. */
function ownName(database: string, place: string, taken: ReadonlySet<string>): string {
    const name = `${database}@${place}`;
    if (Buffer.byteLength(name) <= MAX_IDENTIFIER_BYTES && !taken.has(name)) {
        return name;
    }
    const hash = createHash("sha256")
        .update(JSON.stringify([database, place]))
        .digest("hex")
        .slice(0, 12);
    const short = [...database].reduce((text, c) => (Buffer.byteLength(text + c) > 48 ? text : text + c), "");
    return `${short}@${hash}`;
}

/**
 * Gives upstreams that share a database name and hold different tables a stub of their own, and those that are called
 * like a database of the stack itself. One without any content, such as a replica, joins the first. What the server
 * itself is asked for keeps the plain name, because nothing can stand between there.
 *
 * @param reserved Names of databases that can be no stubs.
 * @returns the same upstreams in the same order.
 */
export function separateStubs(upstreams: readonly Upstream[], reserved: readonly string[] = []): Upstream[] {
    const taken = new Set([
        ...reserved,
        ...upstreams.flatMap(({ database, stub }) => [database, ...(stub === undefined ? [] : [stub])]),
    ]);
    const stubs = new Map<string, string>();
    for (const database of new Set(upstreams.map((one) => one.database))) {
        const own = upstreams.filter((one) => one.database === database && one.stub === undefined);
        const places = [...new Set(own.map(placeOf))].map((place) => {
            const here = own.filter((one) => placeOf(one) === place);
            return {
                place,
                here,
                itself: here.some(isServerItself),
                content: here.every(isEmpty)
                    ? undefined
                    : JSON.stringify(here.filter((one) => !isEmpty(one)).map(contentOf)),
            };
        });
        const filled = places.filter(({ content }) => content !== undefined || reserved.includes(database));
        const itself = places.find((one) => one.itself);
        const first = itself?.content === undefined ? filled[0] : itself;
        for (const { place, content } of filled) {
            const isPlain = content === first?.content && !reserved.includes(database);
            if (isPlain || place === itself?.place) {
                continue;
            }
            const same = filled.find(
                (other) => other.content === content && stubs.has(JSON.stringify([other.place, database])),
            );
            const known = same === undefined ? undefined : stubs.get(JSON.stringify([same.place, database]));
            const name = known ?? ownName(database, place, taken);
            taken.add(name);
            stubs.set(JSON.stringify([place, database]), name);
        }
    }
    return upstreams.map((upstream) => {
        const stub = upstream.stub ?? stubs.get(JSON.stringify([placeOf(upstream), upstream.database]));
        return stub === undefined ? upstream : { ...upstream, stub };
    });
}
