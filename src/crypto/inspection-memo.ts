import { LRUCache } from 'lru-cache';
import type { InspectionMemo, RememberedInspection } from '../oauth/gateway-ports.ts';
import { digestOfToken } from './token-digest.ts';

const REMEMBERED_TOKENS = 20_000;

/** Remembers the inspections of the tokens that were presented last, by SHA-256. */
export function createInspectionMemo(): InspectionMemo {
  const inspections = new LRUCache<string, RememberedInspection>({ max: REMEMBERED_TOKENS });
  return {
    keyOf: digestOfToken,
    find: (key) => inspections.get(key),
    remember: (key, inspection) => {
      inspections.set(key, inspection);
    },
  };
}
