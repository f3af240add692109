import type { MadeBy } from "../docker/labels";

let door: MadeBy = "pulumi";

/** Tells the program who runs it: what the other one made is refused. */
export function runBy(by: MadeBy): void {
    door = by;
}

/** Who runs the program. */
export function runner(): MadeBy {
    return door;
}
