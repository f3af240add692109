import { describe, expect, test } from "vitest";
import { type Engine, ensureEngine } from "../../../setup/engine";
import { adviseEngine } from "../../../setup/engine-advice";
import { type Family, linuxFamily, type Machine, type MachineFacts, parseOsRelease } from "../../../setup/machine";

const SOCKET = "unix:///var/run/docker.sock";
const DEFAULT = { host: SOCKET, source: "the default socket" };

/** A machine on which nothing is really run; it notes what would have been. */
class FakeMachine implements Machine {
    readonly facts: MachineFacts;
    readonly ran: string[] = [];
    readonly commands: Set<string>;
    /** Exit status by the beginning of a command line; 0 otherwise. */
    readonly failing: Map<string, number[]>;
    onRun: (line: string) => void = () => undefined;
    daemonEnded = false;

    constructor(facts: Partial<MachineFacts>, commands: string[] = [], failing: Record<string, number[]> = {}) {
        this.facts = { family: "debian", name: "Debian 12", root: true, wsl: false, systemd: false, ...facts };
        this.commands = new Set(commands);
        this.failing = new Map(Object.entries(failing));
    }

    has = (command: string) => this.commands.has(command);

    run = async (command: string, args: readonly string[]) => {
        const line = [command, ...args].join(" ");
        this.ran.push(line);
        const statuses = [...this.failing].find(([start]) => line.includes(start))?.[1];
        const status = statuses?.shift() ?? 0;
        if (status === 0) {
            this.onRun(line);
        }
        return { status, output: status === 0 ? `Package: ${args.at(-1)}` : "E: no such thing" };
    };

    startDaemon = (command: string) => {
        this.ran.push(`daemon ${command}`);
        this.onRun(`daemon ${command}`);
        return { ended: () => this.daemonEnded };
    };

    tail = () => "the daemon's last words";
}

function failWith(code: string): Error {
    return Object.assign(new Error(`connect ${code} /var/run/docker.sock`), { code });
}

/** An engine that answers once `up` is set. */
function fakeEngine(choice: Partial<Engine> = {}): Engine & { up: boolean; pings: number } {
    const engine = {
        ...DEFAULT,
        isDefault: true,
        up: false,
        pings: 0,
        ping: async () => {
            engine.pings += 1;
            if (!engine.up) {
                throw failWith("ENOENT");
            }
        },
        ...choice,
    };
    return engine;
}

describe("ensureEngine", () => {
    test("asks once where the engine answers, and says and does nothing", async () => {
        const engine = fakeEngine();
        engine.up = true;
        const machine = new FakeMachine({});
        const said: string[] = [];
        expect(await ensureEngine({ engine, machine, log: (line) => said.push(line) })).toBe("running");
        expect([engine.pings, machine.ran, said]).toEqual([1, [], []]);
    });

    test("as root on Debian without systemd installs Docker and starts dockerd", async () => {
        const engine = fakeEngine();
        const machine = new FakeMachine({});
        machine.onRun = (line) => {
            engine.up ||= line === "daemon dockerd";
        };
        const said: string[] = [];
        expect(await ensureEngine({ engine, machine, log: (line) => said.push(line) })).toBe("installed");
        expect(machine.ran.some((line) => /^apt-get .*install .*docker\.io/.test(line))).toBe(true);
        expect(machine.ran.at(-1)).toBe("daemon dockerd");
        expect(said).toHaveLength(2);
    });

    test("where systemd runs, the package's own start is enough", async () => {
        const engine = fakeEngine();
        const machine = new FakeMachine({ systemd: true });
        machine.onRun = (line) => {
            engine.up ||= line.startsWith("apt-get");
        };
        expect(await ensureEngine({ engine, machine, log: () => undefined })).toBe("installed");
        expect(machine.ran.some((line) => line.startsWith("systemctl") || line.startsWith("daemon"))).toBe(false);
    });

    test("fetches package lists when an install fails without", async () => {
        const engine = fakeEngine();
        const machine = new FakeMachine({}, [], { "apt-get -o DPkg::Lock::Timeout=120 install": [100] });
        machine.onRun = (line) => {
            engine.up ||= line === "daemon dockerd";
        };
        expect(await ensureEngine({ engine, machine, log: () => undefined })).toBe("installed");
        expect(machine.ran.filter((line) => line.includes(" install ")).length).toBe(2);
        expect(machine.ran.some((line) => line.endsWith(" update"))).toBe(true);
    });

    test("says what apt said when Docker cannot be installed", async () => {
        const machine = new FakeMachine({}, [], { " install ": [100, 100] });
        await expect(ensureEngine({ engine: fakeEngine(), machine, log: () => undefined })).rejects.toThrow(
            /could not install docker\.io.*no such thing/s,
        );
    });

    test.each([
        [true, "systemctl start docker"],
        [false, "daemon dockerd"],
    ])("as root starts an engine that is installed (systemd: %s)", async (systemd, command) => {
        const engine = fakeEngine();
        const machine = new FakeMachine({ systemd, family: "arch" }, ["dockerd"]);
        machine.onRun = (line) => {
            engine.up ||= line === command;
        };
        expect(await ensureEngine({ engine, machine, log: () => undefined })).toBe("started");
        expect(machine.ran).toEqual([command]);
    });

    test("gives up when the engine does not come up, and shows its log", async () => {
        const machine = new FakeMachine({}, ["dockerd"]);
        await expect(
            ensureEngine({ engine: fakeEngine(), machine, log: () => undefined, startLimitMs: 50 }),
        ).rejects.toThrow(/did not start within 0\.05 s.*the daemon's last words/s);
    });

    test.each<[string, Partial<Engine>, Partial<MachineFacts>, string[], RegExp]>([
        [
            "DOCKER_HOST is set",
            { isDefault: false, host: "tcp://build:2375", source: "DOCKER_HOST" },
            {},
            ["dockerd"],
            /tcp:\/\/build:2375 \(from DOCKER_HOST\)/,
        ],
        [
            "a context is chosen",
            { isDefault: false, source: 'the Docker context "x"' },
            {},
            ["dockerd"],
            /Docker context "x"/,
        ],
        ["not root", {}, { root: false }, [], /apt-get install -y docker\.io/],
        ["root, but not on Debian", {}, { family: "fedora" }, [], /dnf install/],
        ["macOS", {}, { family: "macos", name: "macOS" }, [], /brew install/],
    ])("changes nothing where %s", async (_, choice, facts, commands, message) => {
        const machine = new FakeMachine(facts, commands);
        await expect(ensureEngine({ engine: fakeEngine(choice), machine, log: () => undefined })).rejects.toThrow(
            message,
        );
        expect(machine.ran).toEqual([]);
    });
});

describe("adviseEngine", () => {
    test.each<[Partial<MachineFacts>, string[], string, RegExp]>([
        [
            { root: false },
            [],
            "ENOENT",
            /not installed.*On Debian 12, run `sudo apt-get .*docker\.io && sudo usermod -aG docker \$USER` and log in again/,
        ],
        [{ root: false }, ["dockerd"], "ENOENT", /installed but does not answer.*`sudo service docker start`/],
        [{ root: false, systemd: true }, ["dockerd"], "ECONNREFUSED", /`sudo systemctl start docker`/],
        [{ root: false }, ["dockerd"], "EACCES", /usermod -aG docker \$USER` and log in again/],
        [{ root: false, wsl: true }, [], "ENOENT", /WSL integration.*apt-get/],
        [
            { family: "fedora", name: "Fedora 43", root: false },
            [],
            "ENOENT",
            /On Fedora 43, run `sudo dnf install -y moby-engine/,
        ],
        [{ family: "rhel", root: false }, [], "ENOENT", /docker-ce/],
        [{ family: "arch", root: false }, [], "ENOENT", /sudo pacman -S --needed docker/],
        [
            { family: "alpine", root: true },
            [],
            "ENOENT",
            /run `apk add docker && rc-update add docker default && rc-service docker start`\./,
        ],
        [{ family: "alpine", root: false }, ["dockerd"], "ENOENT", /doas rc-service docker start/],
        [{ family: "suse", root: false }, [], "ENOENT", /zypper/],
        [{ family: "linux", root: false }, [], "ENOENT", /get\.docker\.com/],
        [{ family: "macos", root: false }, [], "ENOENT", /brew install --cask docker-desktop/],
        [{ family: "macos", root: false }, ["/Applications/Docker.app"], "ENOENT", /`open -a Docker`/],
        [{ family: "macos", root: false }, ["colima"], "ENOENT", /`colima start`/],
        [{ family: "windows", root: false }, [], "ENOENT", /winget/],
        [{ family: "windows", root: false }, ["docker.exe"], "ENOENT", /Start Docker Desktop/],
    ])("%j with %j after %s", (facts, commands, code, message) => {
        const advice = adviseEngine(new FakeMachine(facts, commands), DEFAULT, failWith(code));
        expect(advice).toMatch(message);
        expect(advice).toContain(SOCKET);
    });
});

describe("this machine", () => {
    test.each<[string, Family]>([
        ['ID=debian\nVERSION_ID="12"', "debian"],
        ["ID=ubuntu\nID_LIKE=debian", "debian"],
        ['ID="linuxmint"\nID_LIKE="ubuntu debian"', "debian"],
        ["ID=fedora", "fedora"],
        ['ID="rocky"\nID_LIKE="rhel centos fedora"', "rhel"],
        ['ID="ol"\nID_LIKE="fedora"', "fedora"],
        ["ID=arch", "arch"],
        ["ID='manjaro'\nID_LIKE=arch", "arch"],
        ["ID=alpine", "alpine"],
        ['ID="opensuse-leap"\nID_LIKE="suse opensuse"', "suse"],
        ["ID=nixos", "linux"],
        ["", "linux"],
    ])("%j is %s", (osRelease, family) => {
        expect(linuxFamily(parseOsRelease(osRelease))).toBe(family);
    });

    test("os-release is read with its quotes and escapes, and without comments", () => {
        const parsed = parseOsRelease('# NAME=no\nPRETTY_NAME="A \\"B\\" \\$C"\nID=x\nbroken\n');
        expect([...parsed]).toEqual([
            ["PRETTY_NAME", 'A "B" $C'],
            ["ID", "x"],
        ]);
    });
});
