import { once } from 'node:events';
import { connect } from 'node:net';

const BLOCK = Buffer.alloc(64 * 1_024, 'u');
const HEAD_END = '\r\n\r\n';

/** Sends `bytes` as the body of one POST, no faster than they are taken; resolves with the answer. */
export async function upload(port: number, bytes: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  const answer = once(socket, 'data');
  socket.write(`POST /sink HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: ${bytes}${HEAD_END}`);
  for (let left = bytes; left > 0; left -= BLOCK.length) {
    if (!socket.write(left >= BLOCK.length ? BLOCK : BLOCK.subarray(0, left))) await once(socket, 'drain');
  }
  const [head] = (await answer) as [Buffer];
  socket.destroy();
  if (!head.toString('latin1').startsWith('HTTP/1.1 200')) throw new Error(`upload: ${head.toString('latin1', 0, 80)}`);
}

/** Reads an answer of `bytes` as fast as it comes. */
export async function download(port: number, bytes: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  socket.write(`POST /source?bytes=${bytes} HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 0${HEAD_END}`);
  let head = '';
  let got = 0;
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`download: ended after ${got} bytes`)));
    socket.on('data', (chunk: Buffer) => {
      if (head.includes(HEAD_END)) got += chunk.length;
      else {
        head += chunk.toString('latin1');
        const end = head.indexOf(HEAD_END);
        if (end === -1) return;
        if (!head.startsWith('HTTP/1.1 200')) reject(new Error(`download: ${head.slice(0, 80)}`));
        got = head.length - end - HEAD_END.length;
      }
      if (got >= bytes) resolve();
    });
  }).finally(() => socket.destroy());
}
