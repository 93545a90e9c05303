import type { Fork } from '@regionkit/core';
import { type Clock, createPoller, type Poller } from '@regionkit/core/kit';
import type { PoolNode } from '../connection/node.ts';
import { OutcomeUnknownError } from '../errors.ts';
import { parseHistory } from '../history/timeline-history.ts';
import type { Reading, Readings } from '../topology/readings.ts';
import { createProbe, type Probe } from './probe.ts';
import { watchSilent } from './silence.ts';

/** Decides when each node is probed, and probes it. */
export interface Monitor {
  /** Probes a node now; resolves when it has answered or failed. */
  probe(index: number): Promise<void>;
  /** The same on a new connection: its name may lead elsewhere, and a server that shuts down accepts no connection. */
  probeAnew(index: number): Promise<void>;
  /** Probes every node now. */
  probeAll(): Promise<void>;
  /** Probes a node soon, without waiting for it. */
  wake(index: number): void;
  /** Probes every node soon. */
  speedUp(): void;
  close(): void;
}

export interface MonitorOptions {
  readonly nodes: readonly PoolNode[];
  readonly readings: Readings;
  readonly clock: Clock;
  readonly random: () => number;
  readonly timeoutMs: number;
  /** How long to wait before a node is probed again. */
  paceMs(index: number): number;
  /** How long to wait before it is pinged. No ping if the next probe is due earlier. */
  pingMs(index: number): number;
  /** Whether to probe on a new connection: its name may lead elsewhere by now. */
  startsAnew(index: number): boolean;
  /** How old the connection of a probe may be. An older one is opened again, because names are resolved only then. */
  maxConnectionMs(): number;
  onReading(index: number, reading: Reading, sentAtMs: number): void;
  onFailure(index: number, error: unknown): void;
}

const MAX_HISTORIES = 32;

export function createMonitor(options: MonitorOptions): Monitor {
  const { clock, nodes } = options;
  const probes: Probe[] = [];
  const pollers: Poller[] = [];
  const isPingNext = nodes.map(() => false);
  let isClosed = false;
  const wake = (index: number): void => {
    isPingNext[index] = false;
    pollers[index]?.wake();
  };
  const histories = new Map<string, readonly Fork[]>();

  /**
   * Read once for each server and timeline, and only with permission: a refused query would appear in the server's log.
   */
  const withHistory = async (reading: Reading, probe: Probe): Promise<Reading> => {
    const { historySql } = options.readings;
    const { timeline = 1, server, system } = reading;
    const key = `${system} ${timeline} ${server}`;
    if (historySql === undefined || reading.mayReadHistory !== true || timeline < 2) return reading;
    let forks = histories.get(key);
    if (forks === undefined) {
      forks = await probe.query(historySql).then(
        ({ history }) => parseHistory(Buffer.from(String(history ?? ''), 'hex').toString('latin1'), system, timeline),
        () => [],
      );
      if (histories.size >= MAX_HISTORIES) histories.clear();
      histories.set(key, forks);
    }
    return { ...reading, forks };
  };

  for (const node of nodes) {
    const { id, index, pool } = node;
    const probe = createProbe({
      pool,
      readings: options.readings,
      clock,
      timeoutMs: options.timeoutMs,
      maxConnectionMs: options.maxConnectionMs,
      onSign: () => wake(index),
      watchSilent: (openedBeforeMs) => {
        const destroySilent = watchSilent(node, openedBeforeMs);
        return () => destroySilent(new OutcomeUnknownError(id));
      },
    });
    probes.push(probe);
    let endedAtMs = clock.now();
    const untilProbeMs = (): number => endedAtMs + options.paceMs(index) - clock.now();
    const run = async (): Promise<void> => {
      if (isPingNext[index]) return probe.ping();
      if (options.startsAnew(index)) probe.reconnect();
      const sentAtMs = clock.now();
      try {
        const reading = await withHistory(await probe.ask(), probe);
        options.onReading(index, reading, sentAtMs);
      } catch (error) {
        // A probe that was running at the close says nothing about the node.
        if (!isClosed) options.onFailure(index, error);
      } finally {
        endedAtMs = clock.now();
      }
    };
    const everyMs = (): number => {
      const [pingMs, probeMs] = [options.pingMs(index), untilProbeMs()];
      isPingNext[index] = pingMs < probeMs;
      return Math.max(0, Math.min(pingMs, probeMs));
    };
    pollers.push(createPoller({ run, everyMs, clock, random: options.random }));
  }

  const probe = async (index: number): Promise<void> => {
    wake(index);
    await pollers[index]?.settled();
  };

  return {
    probe,
    probeAnew: (index) => {
      probes[index]?.reconnect();
      return probe(index);
    },
    probeAll: async () => {
      await Promise.all(nodes.map(({ index }) => probe(index)));
    },
    wake,
    speedUp: () => {
      for (const { index } of nodes) wake(index);
    },
    close: () => {
      isClosed = true;
      for (const poller of pollers) poller.close();
      for (const probe of probes) probe.close();
    },
  };
}
