const complaints = new Set<string>();

/** Fails the test that runs, when it is over: what is wrong was seen where nothing that is thrown gets to the test. */
export function complain(complaint: string): void {
  complaints.add(complaint);
}

/** All that was complained of since it was called before. */
export function takeComplaints(): readonly string[] {
  const taken = [...complaints];
  complaints.clear();
  return taken;
}
