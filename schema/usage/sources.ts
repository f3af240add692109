/** Where in the user's files the body of a routine stands, of which the catalog knows only the text. */

import type { Place } from "../report";

interface Source {
    readonly file: string;
    readonly line: number;
    readonly sql: string;
}

export class Sources {
    private readonly statements: Source[] = [];

    /** Keeps a statement that may hold a body. */
    add(source: Source): void {
        if (/\b(?:function|procedure|do)\b/i.test(source.sql)) {
            this.statements.push(source);
        }
    }

    /**
     * @param otherwise the place where no statement holds the body as it stands.
     * @returns the place of a line of the body, from 0.
     */
    find(body: string, otherwise: Place): (below: number) => Place {
        // A routine may have been replaced: the last one counts.
        const source = body === "" ? undefined : this.statements.findLast(({ sql }) => sql.includes(body));
        if (source === undefined) {
            return () => otherwise;
        }
        const first = source.line + source.sql.slice(0, source.sql.indexOf(body)).split("\n").length - 1;
        return (below) => ({ file: source.file, line: first + below });
    }
}
