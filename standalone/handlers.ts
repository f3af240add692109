import type Docker from "dockerode";
import type { ServerContainer } from "../docker/server";

/** A server that stays, while some of its stubs are made anew. */
export interface Kept {
    readonly server: ServerContainer;
    /** Databases of the stubs that are made anew. */
    readonly changed: ReadonlySet<string>;
}

/** What all handlers of one run share. */
export interface RunContext {
    readonly docker: Docker;
    /** Labels that mark what the runner makes as its own. */
    readonly labels: Readonly<Record<string, string>>;
    /** Says what is being done, on steps that take their time. */
    readonly progress: (step: string) => void;
    /** Tells what the user should know. */
    readonly warn: (text: string) => void;
    /** The server that stays; undefined when all is made anew. */
    readonly kept: Kept | undefined;
    /** Inputs of the providers created so far, by the id that resources refer to them with. */
    readonly providers: Map<string, unknown>;
}

/** What a handler gets. */
export interface HandlerContext extends RunContext {
    /** Aborted when the run has ended: what is waited for does not come any more. */
    readonly ended: AbortSignal;
}

/** What a resource has become. */
export interface Created {
    readonly id: string;
    /** Outputs; merged over the inputs. */
    readonly outputs?: Readonly<Record<string, unknown>>;
}

/** A resource to create. Inputs come from the program, so each handler checks the shape that it relies on. */
export interface Request {
    readonly type: string;
    readonly name: string;
    readonly inputs: unknown;
    /** Id of the resource's explicit provider; empty where there is none. */
    readonly provider: string;
}

/** Creates one resource of one type. */
export type Handler = (request: Request, context: HandlerContext) => Promise<Created>;

/** The handlers of one Pulumi package, by type token. */
export type Handlers = Readonly<Record<string, Handler>>;
