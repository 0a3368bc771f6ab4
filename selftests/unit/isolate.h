/* SPDX-License-Identifier: GPL-2.0-only */
/* Isolated frames of the shim, for tests of what takes frames away. */
#ifndef UNIT_ISOLATE_H
#define UNIT_ISOLATE_H

bool pp_frame_isolate(struct folio *folio)
{
	if (folio->locked || folio->refs != 1)
		return false;
	folio->locked = true;
	folio->frozen = true;
	return true;
}

void pp_frame_unisolate(struct folio *folio)
{
	expect(folio->frozen);
	folio->locked = false;
	folio->frozen = false;
}

#endif /* UNIT_ISOLATE_H */
