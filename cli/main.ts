import { Command } from "commander";
import { connectDocker } from "../docker/client";
import type { ServerContainer } from "../docker/server";
import { version } from "../package.json";
import { InputError } from "../upstreams/errors";
import { devUrlOf, type GlobalOptions, identityOf, preparedDocker, runningServer } from "./context";
import { progressReporter } from "./progress";
import { findProjectDirectory, projectDirectoryOrHere } from "./project";

function reachedText({ reached, hostPort }: ServerContainer): string {
    const { host, port } = reached ?? { host: "127.0.0.1", port: hostPort };
    return `${host}:${port}`;
}

function print(text: string): void {
    process.stdout.write(`${text}\n`);
}

/** An option that can be given several times takes one value each, so that it never takes a path that follows. */
function gather(value: string, before: readonly string[] = []): string[] {
    return [...before, value];
}

interface InferOptions {
    format: string;
    var?: string[];
    contract?: string[];
    tool?: string;
    devUser?: string;
    image?: string;
}

interface UpOptions {
    ask?: boolean;
    schema?: string[];
    strict?: boolean;
    var?: string[];
}

/** Commands load what they need when they run: `url` and an unchanged `up` take no longer than they must. */
function build(): Command {
    const program = new Command("fdw-stub")
        .description("A dev database for Atlas in which every postgres_fdw upstream answers.")
        .version(version)
        .option("-s, --stack <name>", "name of the stack", "dev")
        .option("-C, --cwd <folder>", "look for the project from here upwards instead of the working directory")
        .option("--component <name>", "name of the component, where a Pulumi program has several");
    const options = () => program.opts<GlobalOptions>();

    program
        .command("up")
        .description("bring the stack up without the Pulumi CLI; nothing happens when it is up and unchanged")
        .option(
            "--schema <path...>",
            "derive the upstreams from these files and folders, in place of the configured `schema`",
        )
        .option("--var <name=value>", "value of a placeholder in these files; can be given several times", gather)
        .option("--strict", "fail where PostgreSQL refuses a statement of the schema")
        .option("--ask", "then ask every upstream through a real foreign server, and say what to do next")
        .action(async ({ ask, schema, strict, var: values }: UpOptions) => {
            const { up }: typeof import("../standalone/up") = require("../standalone/up");
            const { readProjectStack }: typeof import("../standalone/project") = require("../standalone/project");
            const { parseVariables }: typeof import("./variables") = require("./variables");
            const project = readProjectStack(findProjectDirectory(options().cwd), options().stack, {
                schema,
                variables: parseVariables(values ?? []),
                strict,
            });
            const progress = progressReporter();
            const docker = await preparedDocker(progress.step);
            const { server, unchanged } = await up(docker, project, progress).finally(() => progress.done());
            const state = unchanged ? "is up, unchanged" : "is up";
            print(`The stack ${options().stack} ${state}: ${server.name} at ${reachedText(server)}.`);
            if (ask === true) {
                const { nextSteps }: typeof import("./ask") = require("./ask");
                print(await nextSteps(server, options().stack));
            }
        });
    program
        .command("init")
        .description("look around for migrations and their tool, and write fdw-stub.yaml")
        .action(async () => {
            const { init }: typeof import("./init") = require("./init");
            print(await init(projectDirectoryOrHere(options().cwd)));
        });
    program
        .command("infer")
        .description(
            "show what a schema expects of its upstreams, and where each part comes from; it is run on a throw-away server",
        )
        .argument("<path...>", "SQL files, folders of migrations, dumps")
        .option("--format <form>", "table, yaml, json, sql, mermaid, github, junit, sarif or gitlab", "table")
        .option("--var <name=value>", "value of a placeholder; can be given several times", gather)
        .option(
            "--contract <database=path>",
            "SQL files with an upstream's own DDL, from which its stub is made; can be given several times",
            gather,
        )
        .option("--tool <tool>", "the tool that a folder's files are made for, where they do not tell it")
        .option("--dev-user <name>", "user of the dev database, whom CURRENT_USER means; postgres unless given")
        .option("--image <image>", "image in which the schema is run; postgres:18 unless given")
        .action(async (paths: string[], chosen: InferOptions) => {
            const { infer }: typeof import("./infer") = require("./infer");
            const tell = (text: string) => process.stderr.write(`${text}\n`);
            process.exitCode = await infer(paths, chosen, print, tell);
        });
    program
        .command("check")
        .description(
            "compare the schema with the contracts of its upstreams: what fails in production, or may; status 1 on what fails",
        )
        .option("--schema <path...>", "files and folders of the schema, in place of the configured `schema`")
        .option("--var <name=value>", "value of a placeholder in them; can be given several times", gather)
        .option(
            "--contract <database=path>",
            "SQL files with an upstream's own DDL, beside the configured ones; can be given several times",
            gather,
        )
        .option("--format <form>", "text, json, github, junit, sarif or gitlab", "text")
        .option("--fail-on <grade>", "what ends with status 1: fails, may-fail, name-only or never", "fails")
        .action(async (chosen: import("./check").CheckOptions) => {
            const { check }: typeof import("./check") = require("./check");
            const tell = (text: string) => process.stderr.write(`${text}\n`);
            process.exitCode = await check(options(), chosen, { print, tell });
        });
    program
        .command("down")
        .description("remove what `up` made; a stack of `pulumi up` is left alone")
        .action(async () => {
            const { down }: typeof import("../standalone/down") = require("../standalone/down");
            const removed = await down(await connectDocker(), identityOf(options()), () =>
                process.stderr.write("Another run is at work on this stack; waiting for it.\n"),
            );
            print(removed.length === 0 ? "There was nothing to remove." : `Removed ${removed.join(", ")}.`);
        });
    program
        .command("url")
        .description("print the dev URL alone, password included")
        .option(
            "--network",
            "for a container in the stack's Docker network, which `docker network connect` puts it into",
        )
        .action(async ({ network }: { network?: boolean }) =>
            print(devUrlOf(await runningServer(options()), network === true ? "network" : "here")),
        );
    program
        .command("env")
        .description("print the URLs as variables for a shell, or hand them to a CI system")
        .option("--format <form>", "sh, dotenv, or github (writes to $GITHUB_ENV and masks the password)", "sh")
        .action(async ({ format }: { format: string }) => {
            const { formatEnvironment }: typeof import("./env") = require("./env");
            print(formatEnvironment(await runningServer(options()), format));
        });
    program
        .command("run")
        .description("run a command with a fresh database in DEV_URL and ATLAS_DEV_URL, and drop it afterwards")
        .argument("<command...>", "the command, after --; {devUrl} and {desiredUrl} in it are replaced by the URLs")
        .option("--desired <path...>", "make a database of the schema in these files and folders too, in DESIRED_URL")
        .option("--var <name=value>", "value of a placeholder in them; can be given several times", gather)
        .action(async (command: string[], { desired, var: values }: { desired?: string[]; var?: string[] }) => {
            const { runWithFreshDatabase }: typeof import("./run") = require("./run");
            const server = await runningServer(options());
            if (desired === undefined) {
                if (values !== undefined) {
                    throw new InputError(
                        "--var gives placeholders of --desired a value, and --desired names no schema.",
                    );
                }
                process.exitCode = await runWithFreshDatabase(server, command);
                return;
            }
            const { readDesired, variablesOf }: typeof import("./desired") = require("./desired");
            const tell = (text: string) => process.stderr.write(`${text}\n`);
            const variables = variablesOf(options(), desired, values ?? [], tell);
            process.exitCode = await runWithFreshDatabase(server, command, await readDesired(desired, variables));
        });
    program
        .command("record")
        .description(
            "run a command on a throw-away server that answers for every upstream, and write down what it needs of them",
        )
        .argument("<command...>", "the command, after --; {devUrl} in it is replaced by the URL")
        .option("-o, --output <file>", "the file to write; standard output unless given")
        .option("--attempts <number>", "how often the command is run at most, until it has what it needs", "5")
        .option("--passwords", "write down the passwords of user mappings, too")
        .option("--image <reference>", "the image whose server it runs on; postgres:18 unless given")
        .option("--dev-user <name>", "user of the dev database; postgres unless given")
        .action(async (command: string[], chosen: import("./record").RecordOptions) => {
            const { recordCommand }: typeof import("./record") = require("./record");
            process.exitCode = await recordCommand(command, chosen);
        });
    program
        .command("pull")
        .description(
            "record the DDL of an upstream, read-only and without a row of data, into upstreams/NAME.sql; run it where the upstream can be reached",
        )
        .option(
            "--from <url>",
            "connection string of the upstream; a variable FDW_STUB_PULL_<NAME> keeps it out of sight",
        )
        .option(
            "--upstream <name>",
            "the upstream: a foreign server, its database or its host; several by variables",
            gather,
        )
        .option("-o, --output <file>", "the file to write, in place of upstreams/NAME.sql")
        .option("--all", "everything that it has, and not only what the schema uses")
        .option("--check", "write nothing; show what has changed since, and end with status 1 if anything has")
        .option("--schema <path...>", "files and folders that use the upstream, in place of the configured `schema`")
        .option("--var <name=value>", "value of a placeholder in these files; can be given several times", gather)
        .option("--role <name>", "a further role whose privileges are recorded; can be given several times", gather)
        .option("--image <image>", "image whose pg_dump is used; the stack's own unless given")
        .action(async (chosen: import("./pull").PullOptions) => {
            const { pullUpstreams }: typeof import("./pull") = require("./pull");
            const tell = (text: string) => process.stderr.write(`${text}\n`);
            process.exitCode = await pullUpstreams(options(), chosen, print, tell);
        });
    program
        .command("reset")
        .description("make the dev database empty again; whoever is connected to it is disconnected")
        .action(async () => {
            const { withMaintenance }: typeof import("./maintenance") = require("./maintenance");
            const { resetDevDatabase }: typeof import("../sql/fresh") = require("../sql/fresh");
            const name = await withMaintenance(await runningServer(options()), resetDevDatabase);
            print(`The database ${name} is empty again.`);
        });
    program
        .command("atlas")
        .description("print an atlas.hcl that takes fresh databases for each command, for the files found here")
        .option("--desired <path>", "file or folder of the desired schema, when it is not schema.sql or schema/")
        .option("--write", "write it to the working directory instead; an existing file is left alone")
        .action(({ write, desired }: { write?: boolean; desired?: string }) => {
            const atlas: typeof import("./atlas") = require("./atlas");
            const directory = process.cwd();
            const text = atlas.atlasConfiguration(options().stack, atlas.findLayout(directory, desired));
            if (write === true) {
                atlas.writeAtlasConfiguration(text, directory);
                print(`Wrote ${atlas.ATLAS_FILE}.`);
            } else {
                process.stdout.write(text);
            }
        });
    program
        .command("status")
        .description("show what is there of the stack, as the server itself tells it")
        .option("--json", "as JSON")
        .action(async ({ json }: { json?: boolean }) => {
            const { formatStatus, readStatus }: typeof import("./status") = require("./status");
            const status = await readStatus(options());
            print(json === true ? JSON.stringify(status, undefined, 2) : formatStatus(status));
            process.exitCode = status.state === "up" ? 0 : 1;
        });
    program
        .command("doctor")
        .description("examine Docker, image, port, configuration and every upstream, and say how to mend what is wrong")
        .action(async () => {
            const { diagnose, formatFindings }: typeof import("./doctor") = require("./doctor");
            const findings = await diagnose(options());
            print(formatFindings(findings));
            process.exitCode = findings.every((finding) => finding.ok) ? 0 : 1;
        });
    return program;
}

/** What Docker refuses and what the user did wrong need no stack trace. */
function explain(error: unknown): string {
    const { explainDockerError }: typeof import("../docker/errors") = require("../docker/errors");
    return error instanceof InputError
        ? error.message
        : (explainDockerError(error)?.message ?? (error instanceof Error ? error.stack : undefined) ?? String(error));
}

/** Runs the CLI. A mistake of the user's is one message on stderr and exit status 1. */
export async function main(argv: readonly string[]): Promise<void> {
    try {
        await build().parseAsync([...argv]);
    } catch (error) {
        process.stderr.write(`fdw-stub: ${explain(error)}\n`);
        process.exitCode = 1;
    }
}
