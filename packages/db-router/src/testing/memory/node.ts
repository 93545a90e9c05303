import { formatLsn } from '../../history/lsn.ts';
import type { MemoryCopy } from './store.ts';

/** What one server in memory is, and what it knows. */
export interface MemoryNode {
  readonly name: string;
  readonly port: number;
  readonly copy: MemoryCopy;
  /** Its connections. */
  readonly sockets: Set<{ reset(): void }>;
  isUp: boolean;
  isPrimary: boolean;
  isPaused: boolean;
  /** The primary that it follows, or followed. */
  upstream: MemoryNode | undefined;
  timeline: number;
  /** Of a primary, or of a standby that receives nothing. */
  ownPosition: bigint;
  /** Where its timeline left the parent, if it was promoted since it started. */
  fork: bigint | undefined;
  /** How often it was started. */
  starts: number;
  /** The session whose transaction writes, and those that wait for its end. */
  writer: object | undefined;
  readonly waiting: Set<() => void>;
}

/** Every commit moves the position by this. It never points after the header of a WAL page. */
export const STEP = 0x100n;

export function createMemoryNode(name: string, port: number): MemoryNode {
  return {
    name,
    port,
    copy: { kept: undefined, committed: undefined },
    sockets: new Set(),
    isUp: true,
    isPrimary: false,
    isPaused: false,
    upstream: undefined,
    timeline: 1,
    ownPosition: 0x3000000n + STEP,
    fork: undefined,
    starts: 1,
    writer: undefined,
    waiting: new Set(),
  };
}

/** Whether it has everything that its primary commits, at once. */
export function followsClosely({ copy, isPaused, isPrimary, upstream }: MemoryNode): boolean {
  return !isPrimary && !isPaused && copy.kept === undefined && upstream !== undefined;
}

export function positionOf(node: MemoryNode): bigint {
  return followsClosely(node) ? (node.upstream as MemoryNode).ownPosition : node.ownPosition;
}

function isStreaming({ isUp, isPrimary, upstream }: MemoryNode): boolean {
  return isUp && !isPrimary && upstream?.isUp === true && upstream.isPrimary;
}

/** How many standbys receive from it. */
export function sendersOf(node: MemoryNode, nodes: Iterable<MemoryNode>): number {
  return [...nodes].filter((other) => other.upstream === node && isStreaming(other)).length;
}

/** The row that the router's own probe expects. */
export function probeRow(node: MemoryNode, nodes: Iterable<MemoryNode>): Readonly<Record<string, string | null>> {
  const streaming = isStreaming(node);
  return {
    system: '7000000000000000001',
    server: `${node.starts}:${node.port}`,
    in_recovery: String(!node.isPrimary),
    read_only: 'off',
    written_timeline: node.isPrimary ? node.timeline.toString(16).toUpperCase().padStart(8, '0') : null,
    received_timeline: streaming ? String(node.timeline) : null,
    timeline_at_least: String(node.timeline),
    may_read_history: null,
    position: formatLsn(positionOf(node)),
    fork: node.fork === undefined ? null : formatLsn(node.fork),
    senders: node.isPrimary ? String(sendersOf(node, nodes)) : null,
    receiver: streaming ? 'streaming' : null,
    segment_bytes: '16777216',
  };
}
