/** The connection service file of libpq, for servers and connection strings that name a `service`. */
import type { Upstream } from "./model";

/** A service file of a name of its own, or of libpq's default. */
export interface ServiceFile {
    /** Path that `servicefile` names; undefined where libpq looks by itself. */
    readonly path?: string;
    readonly content: string;
}

/**
 * One entry for each service. What the schema's own options say wins over the file, so an entry says only where the
 * upstream is: who may connect is for the mapping to say.
 */
export function planServices(upstreams: readonly Upstream[]): ServiceFile[] {
    const entries = upstreams.flatMap((upstream) =>
        (upstream.connections ?? []).flatMap(({ service, servicefile }) =>
            service === undefined || /[\]\r\n]/.test(service) ? [] : [{ service, file: servicefile, upstream }],
        ),
    );
    const files = [...new Set(entries.map(({ file }) => file))];
    return files.map((path) => {
        const own = entries.filter(
            (one, i, all) =>
                one.file === path && all.findIndex((two) => two.file === path && two.service === one.service) === i,
        );
        const content = own.map(({ service, upstream: { host, hostaddr, port, database } }) =>
            [
                `[${service}]`,
                `host=${host}`,
                ...(hostaddr === undefined ? [] : [`hostaddr=${hostaddr}`]),
                `port=${port}`,
                `dbname=${database}`,
                "",
            ].join("\n"),
        );
        return { ...(path === undefined ? {} : { path }), content: content.join("\n") };
    });
}
