// What the stages hand to each other, as it stands in the record. The stages meet only through these structs.
//
// Every struct is declared once; reading and writing derive from the declaration, and members missing in an older
// record take their defaults. Members are only added, never renamed.
#pragma once

#include "record/payload/calibration.h"
#include "record/payload/choice.h"
#include "record/payload/constraint.h"
#include "record/payload/quality.h"
#include "record/payload/rollout.h"
#include "record/payload/usage.h"
