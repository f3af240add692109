import type { Family, Machine, MachineFacts } from "./machine";

/** Where Docker was looked for. */
export interface EngineAddress {
    /** For example `unix:///var/run/docker.sock`. */
    readonly host: string;
    /** What decided, for messages: `DOCKER_HOST`, `the default socket`. */
    readonly source: string;
}

const JOIN_GROUP = "sudo usermod -aG docker $USER";
const LOG_IN_AGAIN = "and log in again";

const INSTALL: Readonly<Record<Family, string>> = {
    debian: "sudo apt-get update && sudo apt-get install -y docker.io",
    fedora: "sudo dnf install -y moby-engine docker-cli && sudo systemctl enable --now docker",
    rhel: "sudo dnf config-manager --add-repo https://download.docker.com/linux/rhel/docker-ce.repo && sudo dnf install -y docker-ce docker-ce-cli containerd.io && sudo systemctl enable --now docker",
    arch: "sudo pacman -S --needed docker && sudo systemctl enable --now docker",
    alpine: "doas apk add docker && doas rc-update add docker default && doas rc-service docker start",
    suse: "sudo zypper install -y docker && sudo systemctl enable --now docker",
    macos: "brew install --cask docker-desktop && open -a Docker",
    windows: "winget install Docker.DockerDesktop",
    linux: "curl -fsSL https://get.docker.com | sudo sh",
};

function start(machine: Machine): string {
    const { family, systemd } = machine.facts;
    if (family === "macos") {
        const command = machine.has("orb") ? "orb start" : machine.has("colima") ? "colima start" : "open -a Docker";
        return `Run \`${command}\` and wait until it is up.`;
    }
    if (family === "windows") {
        return "Start Docker Desktop and wait until it is up.";
    }
    const command = systemd
        ? "sudo systemctl start docker"
        : family === "alpine"
          ? "doas rc-service docker start"
          : "sudo service docker start";
    return `Run \`${command}\`.`;
}

function install({ family, name, wsl, root }: MachineFacts): string {
    if (wsl) {
        return `Turn on this distribution in Docker Desktop (Settings > Resources > WSL integration), or run \`${INSTALL[family]} && sudo service docker start && ${JOIN_GROUP}\` ${LOG_IN_AGAIN}.`;
    }
    const group = family === "macos" || family === "windows" || root ? "" : ` && ${JOIN_GROUP}`;
    const again = group === "" ? "" : ` ${LOG_IN_AGAIN}`;
    const command = INSTALL[family] + group;
    return `On ${name}, run \`${root ? command.replaceAll(/\b(?:sudo|doas) /g, "") : command}\`${again}.`;
}

/** Whether a Docker engine is installed on this machine, running or not. */
export function isInstalled(machine: Machine): boolean {
    switch (machine.facts.family) {
        case "macos":
            return ["/Applications/Docker.app", "/Applications/OrbStack.app", "orb", "colima"].some(machine.has);
        case "windows":
            return machine.has("docker.exe");
        default:
            return machine.has("dockerd");
    }
}

function errorCode(error: unknown): string {
    return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
        ? error.code
        : "";
}

/**
 * Why the engine did not answer, and exactly what to do on this machine.
 *
 * @param error What the ping ended with.
 */
export function adviseEngine(machine: Machine, address: EngineAddress, error: unknown): string {
    const where = `${address.host} (from ${address.source})`;
    if (errorCode(error) === "EACCES") {
        return `Your user may not use Docker at ${where}. Run \`${JOIN_GROUP}\` ${LOG_IN_AGAIN}; until then \`newgrp docker\` opens a shell that may.`;
    }
    if (!/^(?:unix|npipe):/.test(address.host)) {
        return `Docker does not answer at ${where}. Check the address and that Docker runs there.`;
    }
    return isInstalled(machine)
        ? `Docker is installed but does not answer at ${where}. ${start(machine)}`
        : `Docker is not installed: nothing answers at ${where}. ${install(machine.facts)}`;
}
