import { createSocket } from 'node:dgram';
import { onTestFinished } from 'vitest';

/** Address and TTL by host. Other hosts do not exist; with `null` they exist without an IPv4 address. */
export type Zone = Readonly<Record<string, { readonly address: string; readonly ttl: number } | null>>;

const NAME_ERROR = 3;

/** A DNS server on loopback that knows A records (RFC 1035). @returns its address as `dnsServers` takes it */
export async function dnsServer(zone: Zone): Promise<string> {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += length + 1;
    }
    const question = query.subarray(12, at + 5);
    const record = zone[labels.join('.')];
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180 | (record === undefined ? NAME_ERROR : 0), 2);
    header.writeUInt16BE(1, 4);
    if (!record) return socket.send(Buffer.concat([header, question]), from.port, from.address);
    header.writeUInt16BE(1, 6);
    const answer = Buffer.alloc(16);
    answer.writeUInt16BE(0xc00c, 0);
    answer.writeUInt16BE(1, 2);
    answer.writeUInt16BE(1, 4);
    answer.writeUInt32BE(record.ttl, 6);
    answer.writeUInt16BE(4, 10);
    Buffer.from(record.address.split('.').map(Number)).copy(answer, 12);
    socket.send(Buffer.concat([header, question, answer]), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  onTestFinished(() => void socket.close());
  return `127.0.0.1:${socket.address().port}`;
}
