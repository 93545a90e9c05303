import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type Gauge, type Meter, type MeterProvider, metrics } from '@opentelemetry/api';
import { dropRejection } from '../kit/harmless.ts';
import { createBounds } from './bounded.ts';
import { type Row, table } from './table.ts';

export interface InstrumentOptions {
  /** The meter that makes the instruments. @default a meter `@regionkit/core` of `meterProvider` */
  readonly meter?: Meter;
  /** @default the global meter provider. Register it before this call: OpenTelemetry ignores later ones */
  readonly meterProvider?: MeterProvider;
}

/** Instruments that record events until they are closed. */
export interface Instrumentation extends AsyncDisposable {
  /** Stops recording. The meter keeps what was recorded. */
  close(): void;
}

/** In seconds: from an answer out of memory up to a long failover. */
const BOUNDARIES = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * Records the events of every regionkit package of this process in OpenTelemetry instruments, through their diagnostics
 * channels. An event `regionkit:<package>:<event>` becomes the counter `regionkit.<package>.<event>`. An event with a
 * duration becomes the histogram `regionkit.<package>.<event>.duration` in seconds instead. Gauges of 0 and 1 show the
 * current state: `regionkit.db-router.primary.known`, `regionkit.health.reads`, `.writes` and `.accept`. Attributes are
 * bounded: reasons from closed sets, and names from the app's configuration.
 *
 * Call it once in a process, after the SDK was started. Two calls count everything twice.
 *
 * @example
 * ```ts
 * import { instrument } from '@regionkit/core/otel';
 * const telemetry = instrument();
 * ```
 */
export function instrument({ meterProvider = metrics, ...options }: InstrumentOptions = {}): Instrumentation {
  const meter = options.meter ?? meterProvider.getMeter('@regionkit/core');
  const gauges = new Map<string, Gauge>();
  const feeds = Object.entries(table).map(([event, row]) => {
    const channel = `regionkit:${event}`;
    const record = recorder(meter, gauges, event.replace(':', '.'), row as Row<unknown>);
    const listen = (payload: unknown): void => {
      try {
        record(payload);
      } catch {
        // A payload from another version of a package must not end the process, as a throwing subscriber would.
      }
    };
    subscribe(channel, listen);
    return () => unsubscribe(channel, listen);
  });
  const close = (): void => {
    for (const stop of feeds.splice(0)) stop();
  };
  return { close, [Symbol.asyncDispose]: async () => close() };
}

function recorder(
  meter: Meter,
  gauges: Map<string, Gauge>,
  event: string,
  row: Row<unknown>,
): (payload: unknown) => void {
  const { durationMs, labels } = row;
  const bounds = createBounds();
  const states = Object.entries(row.states ?? {}).map(([name, holds]) => {
    const gauge = gauges.get(name) ?? meter.createGauge(name, { description: '1 if so, 0 if not or unknown' });
    gauges.set(name, gauge);
    return { gauge, holds };
  });
  const measure = durationMs === undefined ? counting(meter, event) : timing(meter, event, durationMs);
  return (payload) => {
    // A meter of the app may return a promise, although its type says nothing of it.
    dropRejection(measure(payload, bounds(labels(payload))));
    for (const { gauge, holds } of states) dropRejection(gauge.record(holds(payload) ? 1 : 0));
  };
}

type Measure = (payload: unknown, attributes: ReturnType<ReturnType<typeof createBounds>>) => void;

function counting(meter: Meter, event: string): Measure {
  const counter = meter.createCounter(`regionkit.${event}`, { description: `Events ${event}` });
  return (_payload, attributes) => counter.add(1, attributes);
}

function timing(meter: Meter, event: string, durationMs: (payload: unknown) => number): Measure {
  const histogram = meter.createHistogram(`regionkit.${event}.duration`, {
    description: `Durations told by events ${event}`,
    unit: 's',
    advice: { explicitBucketBoundaries: BOUNDARIES },
  });
  return (payload, attributes) => histogram.record(durationMs(payload) / 1_000, attributes);
}
