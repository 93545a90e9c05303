import type { Socket } from 'node:net';
import type { Clock } from '@regionkit/core/kit';

type Done = (error?: Error | null) => void;
type Write = (this: Socket, ...args: unknown[]) => void;

/**
 * Makes a socket read the data that has arrived before a write error ends it. A server that answers early and closes
 * (413, 401) makes the rest of the upload fail while its answer is unread. Node would discard the answer.
 */
export function readBeforeItEnds(socket: Socket, clock: Clock): void {
  let broken = false;
  const breakOff = (error: Error): void => {
    broken = true;
    // What the server sent before has arrived. It is read within a turn or two, unless there is nothing.
    const cancel = clock.schedule(() => socket.destroy(error), READ_MS);
    socket.once('close', cancel);
  };
  for (const name of ['_write', '_writev'] as const) {
    const write = (socket as unknown as Record<typeof name, Write>)[name];
    Object.defineProperty(socket, name, {
      value: (...args: unknown[]) => {
        const done = args.pop() as Done;
        // Further writes get no callback and wait.
        if (broken) return;
        args.push((error?: Error | null) => {
          if (error === undefined || error === null) done();
          else breakOff(error);
        });
        Reflect.apply(write, socket, args);
      },
    });
  }
}

const READ_MS = 1_000;
