import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, link, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEpochFile, type EpochFile, epochFile } from '../../src/epoch-stores/epoch-file.ts';
import type { Moment } from '../../src/epoch-stores/machine.ts';

let folder: string;
let file: string;
const open: EpochFile[] = [];
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'epoch-'));
  file = path.join(folder, 'epoch.json');
});
afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
  await rm(folder, { recursive: true, force: true });
});

const clock = { boot: 'a', uptimeMs: 50_000, wallMs: 1_000_000 };
const machine = (moment: Moment = clock) => ({ now: () => ({ ...moment }) });

function start(moment: Moment = clock, fastestFailoverMs = 10_000) {
  const told: string[] = [];
  const tell = (message: string): void => void told.push(message);
  const logger = { info: tell, warn: tell, error: tell };
  const store = createEpochFile(file, { fastestFailoverMs, logger }, machine(moment));
  open.push(store);
  return { store, told };
}

/** A process saves and ends. */
async function keep(value: string, moment: Moment = clock): Promise<void> {
  const { store } = start(moment);
  await store.load();
  await store.save(value, undefined);
  await store.close();
}

describe('epochFile()', () => {
  it('gives the next process what was saved last, and the gap since', async () => {
    await keep('first');
    await keep('second');
    const { store, told } = start({ ...clock, uptimeMs: clock.uptimeMs + 3_000, wallMs: clock.wallMs + 4_000 });
    expect(await store.load()).toBe('second');
    expect(store).toMatchObject({ maxGapMs: 10_000 });
    expect(store.gapMs()).toBe(4_000);
    expect(told).toEqual([]);
    expect((await readdir(folder)).sort()).toEqual(['epoch.json', 'epoch.json.lock']);
  });

  it('is nothing at first, and has a gap without end', async () => {
    const { store, told } = start();
    expect(await store.load()).toBeUndefined();
    expect(store.gapMs()).toBe(Number.POSITIVE_INFINITY);
    expect(told).toEqual([]);
  });

  it.each([
    ['as long as a failover takes', { ...clock, wallMs: clock.wallMs + 10_000 }, '10000 ms ago'],
    ['as long by the uptime alone', { ...clock, uptimeMs: clock.uptimeMs + 10_000 }, '10000 ms ago'],
    ['before a start of the machine', { ...clock, boot: 'b' }, 'set again'],
    ['later than now, by the wall clock', { ...clock, wallMs: clock.wallMs - 1 }, 'set again'],
  ])('is not believed when it was confirmed %s, and says so once', async (_what, moment, why) => {
    await keep('old');
    const { store, told } = start(moment);
    expect(await store.load()).toBeUndefined();
    expect(await store.load()).toBeUndefined();
    expect(told).toEqual([expect.stringContaining('REGIONKIT_EPOCH_FILE_OLD')]);
    expect(told[0]).toContain(why);
  });

  it('is none, and says so once, whatever bytes are in it', async () => {
    await keep('value');
    const whole = await readFile(file);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((given) => Buffer.from(given)),
      fc.nat(whole.length - 2).map((end) => whole.subarray(0, end)),
      fc
        .tuple(fc.nat(whole.length - 2), fc.integer({ min: 1, max: 255 }))
        .map(([at, change]) => whole.map((byte, index) => (index === at ? byte ^ change : byte))),
      fc.json().map((text) => Buffer.from(text)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (given) => {
        await writeFile(file, given);
        const { store, told } = start();
        expect(await store.load()).toBeUndefined();
        await store.close();
        expect(told).toEqual([expect.stringContaining('REGIONKIT_EPOCH_FILE_DAMAGED')]);
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ['a link to another file', () => symlink(path.join(folder, 'other'), file)],
    ['a folder', () => mkdir(file)],
    ['larger than anything that was saved', () => writeFile(file, 'x'.repeat(70_000))],
    ['a pipe that nothing writes to', () => once(spawn('mkfifo', [file]), 'exit')],
    ['writable by others', () => keep('value').then(() => chmod(file, 0o666))],
  ])('is none if it is %s', async (_what, make) => {
    await writeFile(path.join(folder, 'other'), 'x');
    await make();
    const { store, told } = start();
    expect(await store.load()).toBeUndefined();
    expect(told).toEqual([expect.stringContaining('REGIONKIT_EPOCH_FILE_DAMAGED')]);
  });

  it('replaces a damaged one, and writes through no link that waits for it', async () => {
    const other = path.join(folder, 'other');
    await writeFile(other, 'of another');
    await symlink(other, `${file}.new`);
    await writeFile(file, 'damaged');
    await keep('whole');
    expect(await readFile(other, 'utf8')).toBe('of another');
    expect(await start().store.load()).toBe('whole');
  });

  it('counts the gap from the call of a save, however long the disk took', async () => {
    const moment = { ...clock };
    const store = createEpochFile(file, {}, machine(moment));
    open.push(store);
    await store.load();
    const saving = store.save('value', undefined);
    moment.wallMs += 700;
    await saving;
    expect(store.gapMs()).toBe(700);
  });

  it('saves in the order of the calls', async () => {
    const { store } = start();
    await Promise.all(Array.from({ length: 20 }, (_, index) => store.save(`value ${index}`, undefined)));
    expect(await store.load()).toBe('value 19');
  });

  it('refuses a second process with the same file, until the first one has ended', async () => {
    const { store: first } = start();
    await first.load();
    await first.save('of the first', undefined);
    const { store: second } = start();
    await expect(second.load()).rejects.toMatchObject({ code: 'ERR_EPOCH_STORE', reason: 'in-use' });
    await expect(second.save('of the second', undefined)).rejects.toMatchObject({ reason: 'in-use' });
    expect(await first.load()).toBe('of the first');
    await first.close();
    await second.save('of the second', undefined);
    expect(await second.load()).toBe('of the second');
  });

  it('belongs to a process that is suspended, and to none that was killed', async () => {
    const program = `
      import { epochFile } from ${JSON.stringify(new URL('../../src/epoch-stores/epoch-file.ts', import.meta.url).pathname)};
      const store = epochFile(${JSON.stringify(file)});
      await store.save('of the child', undefined);
      console.log('saved');
      setInterval(() => {}, 1_000);
    `;
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '-C', '@regionkit/source', '--input-type=module', '-e', program],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    child.kill('SIGSTOP');
    const store = epochFile(file);
    open.push(store);
    await expect(store.load()).rejects.toMatchObject({ reason: 'in-use' });
    child.kill('SIGKILL');
    await ended;
    expect(await store.load()).toBe('of the child');
  });

  it('is refused to the one of two processes whose lock the other one has replaced', async () => {
    const { store: first } = start();
    await first.save('of the first', undefined);
    await rm(`${file}.lock`);
    const { store: second } = start();
    await second.save('of the second', undefined);
    await expect(first.save('of the first again', undefined)).rejects.toMatchObject({ reason: 'in-use' });
    await first.close();
    expect(await second.load()).toBe('of the second');
    await expect(start().store.load()).rejects.toMatchObject({ reason: 'in-use' });
  });

  it('removes the socket of a process that was killed, and nothing that is no socket', async () => {
    const server = net.createServer().listen(`${file}.socket`);
    await once(server, 'listening');
    await link(`${file}.socket`, `${file}.lock`);
    await new Promise((resolve) => server.close(resolve));
    await keep('after the stale one');
    await writeFile(`${file}.lock`, 'of an operator');
    await expect(start().store.load()).rejects.toMatchObject({ reason: 'refused' });
    expect(await readFile(`${file}.lock`, 'utf8')).toBe('of an operator');
  });

  it('says what is missing, without a path', async () => {
    const store = epochFile(path.join(folder, 'no-such-folder', 'epoch.json'));
    open.push(store);
    const error = await store.save('value', undefined).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ERR_EPOCH_STORE', reason: 'missing' });
    expect(String(error)).not.toContain('no-such-folder');
  });

  it.each([
    [() => epochFile(''), /path must not be empty/],
    [() => epochFile(`/tmp/${'x'.repeat(120)}`), /path must have at most 98 bytes/],
    [() => epochFile('/tmp/x', { fastestFailoverMs: 10 }), /fastestFailoverMs must be an integer from 1000/],
    [() => epochFile('/tmp/x', { fastest: 1 } as never), /fastest/],
  ])('refuses a wrong option: %s', (make, message) => {
    expect(make).toThrow(message);
  });
});
