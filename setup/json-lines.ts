/**
 * The values of a stream with one JSON value per line, as the Docker engine answers long requests. Lines that are no
 * JSON are skipped.
 *
 * @throws Whatever the stream fails with; also when it is cut off.
 */
export async function* jsonLines(stream: NodeJS.ReadableStream): AsyncGenerator<unknown, void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of stream) {
        rest += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
        const lines = rest.split("\n");
        rest = lines.pop() ?? "";
        yield* lines.flatMap(parsed);
    }
    yield* parsed(rest);
}

function parsed(line: string): unknown[] {
    try {
        return [JSON.parse(line)];
    } catch {
        return [];
    }
}
