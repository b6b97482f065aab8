import { z } from 'zod';
import { hintFor } from '../oauth/failure-hints.ts';
import type { AppFailure, UsageCount, UsageQuery } from '../oauth/usage-ports.ts';
import { isoTime, timeSchema } from './time.ts';

// 2100-01-01: nothing is counted then.
const OPEN_END = 4_102_444_800;

export const usageSchema = z
  .object({
    at: timeSchema.describe('The beginning of the hour or the day.'),
    surface: z.string().describe('A surface, or `verify`, `introspect`, `revoke`, `sign-in`.'),
    grant: z.string().nullable(),
    outcome: z.string().describe('`success`, or the code of the error.'),
    count: z.number(),
  })
  .meta({ id: 'UsageCount', description: 'How many requests of one kind there were.' });

export function usageJson({ at, surface, grant, outcome, count }: UsageCount): z.input<typeof usageSchema> {
  return { at: isoTime(at), surface, grant: grant === '' ? null : grant, outcome, count };
}

export const failureSchema = z
  .object({
    at: timeSchema,
    surface: z.string(),
    grant: z.string().nullable(),
    code: z.string().describe('The code of the error that the caller got.'),
    reason: z.string().describe('The exact reason, which the caller may not have been told.'),
    hint: z.string().nullable().describe('How to put it right.'),
    address: z.string(),
    request_id: z.string().describe('The `X-Request-Id` of the answer, which is in the log, too.'),
    more: z.number().describe('How many more there were at that moment that are not listed.'),
  })
  .meta({ id: 'AppFailure', description: 'A request of an app that failed.' });

export function failureJson(failure: AppFailure): z.input<typeof failureSchema> {
  const { at, surface, grant, code, reason, address, requestId, more = 0 } = failure;
  return {
    at: isoTime(at),
    surface,
    grant: grant === '' ? null : grant,
    code,
    reason,
    hint: hintFor(failure) ?? null,
    address,
    request_id: requestId,
    more,
  };
}

const time = z.iso.datetime({ offset: true, error: 'must be a time such as 2027-01-31T12:00:00Z' });

/** The time that numbers are asked of. */
export const spanQuery = {
  from: time.describe('From the beginning of this hour.'),
  until: time.optional().describe('Before this time; until now when it is left out.'),
} as const;

export function toSpan({ from, until }: { from: string; until?: string | undefined }): UsageQuery {
  const seconds = (text: string): number => Math.min(Math.max(0, Math.floor(Date.parse(text) / 1000)), OPEN_END);
  return { from: seconds(from), until: until === undefined ? OPEN_END : seconds(until) };
}
