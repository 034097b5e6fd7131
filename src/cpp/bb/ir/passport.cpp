// Digest, integrity and format check of artifacts.
#include "bb/ir/passport.h"

#include "bb/base/config.h"
#include "bb/base/sha256.h"

namespace bb::ir {
namespace {

constexpr const char* kRecompile = "compile the module again with this version";

std::string meta_or_empty(const Model& model, const std::string& key) {
  const auto found = model.meta.find(key);
  return found == model.meta.end() ? std::string() : found->second;
}

Error refuse(std::string code, std::string message, std::string value, std::string hint) {
  return make_error(Fault::kInstall, std::move(code), std::move(message), std::move(value),
                    std::move(hint), "artifact");
}

Status check_format(const Model& model) {
  const Result<Config> passport = Config::parse(meta_or_empty(model, "bb.passport"));
  if (!passport.ok() || !passport->get("format").is_int() || !passport->get("package").is_string())
    return refuse("bad_passport", "the artifact's passport is missing or malformed",
                  meta_or_empty(model, "bb.passport"), kRecompile);
  const int64_t format = passport->get("format").as_int();
  if (format != kArtifactFormat)
    return refuse("unknown_format",
                  "the artifact has format " + std::to_string(format) + "; this version reads " +
                      std::to_string(kArtifactFormat),
                  std::to_string(format), kRecompile);
  return {};
}

}  // namespace

std::string passport_text() {
  return Config(Config::Dict{{"format", Config(kArtifactFormat)}, {"package", "bytesandbrains"}})
      .text();
}

std::string digest_of(const Model& model) {
  Model stripped = model;
  stripped.meta.erase("bb.digest");
  stripped.meta.erase("bb.integrity");
  for (Function& function : stripped.functions)
    for (Node& node : function.nodes) node.meta.erase("bb.loc");
  return hex(sha256(to_onnx(stripped)));
}

std::string integrity_of(const Model& model) {
  Model open = model;
  open.meta["bb.integrity"] = "";
  return hex(sha256(to_onnx(open)));
}

void stamp_passport(Model& model) {
  model.meta["bb.passport"] = passport_text();
  model.meta["bb.digest"] = digest_of(model);
  model.meta["bb.integrity"] = integrity_of(model);
}

Status check_passport(const Model& model) {
  if (meta_or_empty(model, "bb.stage") != "compiled")
    return refuse("not_an_artifact", "this model is not a compiled artifact",
                  meta_or_empty(model, "bb.stage"), "compile it first with bb.compile");
  BB_RETURN_IF_ERROR(check_format(model));
  const std::string integrity = meta_or_empty(model, "bb.integrity");
  if (integrity_of(model) != integrity)
    return refuse("integrity", "the artifact was changed after it was compiled", integrity,
                  kRecompile);
  const std::string digest = meta_or_empty(model, "bb.digest");
  if (digest_of(model) != digest)
    return refuse("integrity", "the artifact's digest does not match its content", digest,
                  kRecompile);
  return {};
}

Result<Model> read_artifact(std::string_view bytes) {
  Result<Model> model = from_onnx(bytes);
  if (!model.ok()) {
    Error error = std::move(model).error();
    const bool truncated = error.code == "truncated";
    return refuse(truncated ? "truncated" : "not_an_artifact",
                  "these bytes are not an artifact: " + error.message, std::move(error.value),
                  "load a file written by Artifact.save");
  }
  BB_RETURN_IF_ERROR(check_passport(*model));
  if (to_onnx(*model) != bytes)
    return refuse("integrity", "the artifact holds bytes that its content does not explain", {},
                  "load the file as Artifact.save wrote it");
  return std::move(model).value();
}

}  // namespace bb::ir
