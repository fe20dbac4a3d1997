/* SPDX-License-Identifier: GPL-2.0 */
/* All that is known of one pool. */
#ifndef TOP_DETAIL_H
#define TOP_DETAIL_H

#include "frames.h"
#include "text.h"

void detail_text(const struct frames *fr, bool human, struct text *out);

#endif
