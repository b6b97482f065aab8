import { z } from 'zod';

/** A time as it stands in JSON: RFC 3339, in UTC. */
export const timeSchema = z.string().meta({ format: 'date-time' });
export const optionalTimeSchema = timeSchema.nullable();

/** Epoch seconds as they stand in JSON. */
export function isoTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().replace('.000Z', 'Z');
}

export function optionalTime(seconds: number | undefined): string | null {
  return seconds === undefined ? null : isoTime(seconds);
}
