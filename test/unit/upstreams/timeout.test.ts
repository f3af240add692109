import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { withTimeout } from "../../../upstreams/timeout";

beforeEach(() => {
    vi.useFakeTimers();
});
afterEach(() => {
    vi.useRealTimers();
});

test("passes the answer on, and leaves no timer behind", async () => {
    await expect(withTimeout(Promise.resolve(5), 1000, "too late")).resolves.toBe(5);
    expect(vi.getTimerCount()).toBe(0);
});

test("passes the error on, and leaves no timer behind", async () => {
    await expect(withTimeout(Promise.reject(new Error("broken")), 1000, "too late")).rejects.toThrow("broken");
    expect(vi.getTimerCount()).toBe(0);
});

test("gives up in time, not before", async () => {
    const settled = vi.fn();
    const wait = withTimeout(new Promise(() => undefined), 1000, "too late").catch(settled);
    await vi.advanceTimersByTimeAsync(999);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(settled).toHaveBeenCalledWith(new Error("too late"));
    await wait;
});

test("work that fails afterwards disturbs nobody", async () => {
    const heard = vi.fn();
    process.on("unhandledRejection", heard);
    try {
        const work = new Promise((_, reject) => setTimeout(() => reject(new Error("late")), 2000));
        const wait = expect(withTimeout(work, 1000, "too late")).rejects.toThrow("too late");
        await vi.advanceTimersByTimeAsync(1000);
        await wait;
        await vi.advanceTimersByTimeAsync(1000);
        vi.useRealTimers();
        await new Promise((resolve) => setTimeout(resolve, 5));
        expect(heard).not.toHaveBeenCalled();
    } finally {
        process.off("unhandledRejection", heard);
    }
});
