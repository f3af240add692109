/** Who connects without a user mapping, said once for each server and role. */

import { flow } from "../configline";
import type { Unmapped } from "../derive/database";
import { variableConfig } from "../read/script";
import type { Emission } from "./emission";

export function missingMappings(emission: Emission): void {
    const first = new Map<string, { unmapped: Unmapped; more: number }>();
    for (const unmapped of emission.db.unmapped) {
        const mark = `${unmapped.server}\0${unmapped.role}`;
        const known = first.get(mark);
        if (known === undefined) {
            first.set(mark, { unmapped, more: 0 });
        } else {
            known.more += 1;
        }
    }
    for (const { unmapped, more } of first.values()) {
        report(emission, unmapped, more);
    }
}

/** A script is often meant for one role, whose mapping is the only one: then the dev database's user should be that. */
function report(emission: Emission, { server, role, what, place, mapped }: Unmapped, more: number): void {
    const [only] = mapped.length === 1 ? mapped : [];
    const placeholder = emission.standIns.find(only?.role);
    const others = mapped.map((each) => emission.standIns.find(each.role)?.name ?? each.written).join(", ");
    const and =
        more === 0 ? "" : more === 1 ? ", and so does one more statement" : `, and so do ${more} more statements`;
    const there = others === "" ? "" : ` (there is one for ${others})`;
    const config =
        only === undefined || role !== emission.db.shared.devUser
            ? undefined
            : placeholder === undefined
              ? `fdw-stub:devUser: ${flow(only.role)}`
              : variableConfig(placeholder.name, role);
    const mend =
        config === undefined
            ? "Add CREATE USER MAPPING FOR CURRENT_USER."
            : placeholder === undefined
              ? "Add CREATE USER MAPPING FOR CURRENT_USER, or let the dev database's user be the mapped role."
              : "Give the placeholder the name of the dev database's user.";
    emission.add(
        "error",
        "mapping-missing",
        `${what} connects to server ${server} as ${role}, which has no user mapping there${there}${and}. ${mend}`,
        place,
        config,
    );
}
