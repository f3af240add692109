/** Work for many databases: to begin a session or a process takes longer than what is done in most of them. */

const AT_A_TIME = 8;

/** Does something for each of the items, some at a time. @returns what came of it, in their order. */
export async function several<Item, Result>(
    items: readonly Item[],
    work: (item: Item) => Promise<Result>,
    atATime = AT_A_TIME,
): Promise<Result[]> {
    const results: Result[] = [];
    for (let at = 0; at < items.length; at += atATime) {
        results.push(...(await Promise.all(items.slice(at, at + atATime).map(work))));
    }
    return results;
}
