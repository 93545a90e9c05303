import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type Gauge, type Meter, type MeterProvider, metrics } from '@opentelemetry/api';
import { createBounds } from './bounded.ts';
import { type Row, table } from './table.ts';

export interface InstrumentOptions {
  /** Makes the instruments. @default a meter `@regionkit/core` of `meterProvider` */
  readonly meter?: Meter;
  /** @default the global one, which must be registered before this is called: OpenTelemetry knows no later */
  readonly meterProvider?: MeterProvider;
}

/** Instruments that are fed until they are closed. */
export interface Instrumentation extends AsyncDisposable {
  /** Feeds them no more. What was recorded stays with the meter. */
  close(): void;
}

/** Seconds: from an answer out of memory to a failover nobody noticed. */
const BOUNDARIES = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * Feeds OpenTelemetry instruments with the events of every regionkit package in this process, through the channels they
 * publish on. An event `regionkit:<package>:<event>` is the counter `regionkit.<package>.<event>`; one that knows how
 * long something took is the histogram `regionkit.<package>.<event>.duration`, in seconds, instead. Gauges of 0 and 1
 * say what holds now: `regionkit.db-router.primary.known`, `regionkit.health.reads`, `.writes` and `.accept`.
 * Attributes are bounded: reasons of closed sets, and names of the app's configuration.
 *
 * Call it once a process, after the SDK was started; twice counts twice.
 *
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
        // A payload of another version of a package must not take the process down, as a throwing subscriber does.
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
    measure(payload, bounds(labels(payload)));
    for (const { gauge, holds } of states) gauge.record(holds(payload) ? 1 : 0);
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
