// Passport of an artifact: its format, its digest and its integrity; written by the compiler,
// checked at load.
#pragma once

#include <string>
#include <string_view>

#include "bb/ir/graph.h"

namespace bb::ir {

/// The format number that this version writes and reads.
inline constexpr int64_t kArtifactFormat = 1;

/// Text of `bb.passport` as written by this version.
std::string passport_text();
/// SHA-256 (hex) of the canonical model without bb.loc, bb.digest and bb.integrity: what the
/// program does.
std::string digest_of(const Model& model);
/// SHA-256 (hex) of the whole file's canonical bytes with bb.integrity empty.
std::string integrity_of(const Model& model);
/// Writes bb.passport, bb.digest and bb.integrity; every other part of `model` is final before.
void stamp_passport(Model& model);

/// Checks stage, passport, digest and integrity of a compiled model.
/// Errors: InstallError not_an_artifact, bad_passport, unknown_format, integrity.
Status check_passport(const Model& model);
/// Reads artifact bytes and checks their passport; bytes that are not in canonical form are
/// refused, so no changed byte goes unnoticed. Errors: those of check_passport; InstallError
/// not_an_artifact for bytes that are no model.
Result<Model> read_artifact(std::string_view bytes);

}  // namespace bb::ir
