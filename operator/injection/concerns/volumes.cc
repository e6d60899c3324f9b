// Volumes: what the pattern brings, and what it shares with its targets.
#include "operator/injection/concerns/concerns.h"

namespace remora::injection {

namespace {

using api::Reason;

Operation VolumeOperation(std::string_view name, std::string_view json) {
  Operation operation;
  operation.list = List::kVolumes;
  operation.key = name;
  operation.json = json;
  return operation;
}

}  // namespace

void AddVolume(Context& context, Candidate& candidate, Occupancy& occupancy,
               const Operation& operation) {
  const std::string_view name = operation.key;
  if (occupancy.HasVolume(name)) {
    if (WasOurs(context, candidate, operation)) return;
    return Refuse(candidate, Reason::kVolumeNameTaken,
                  Sentence(context, candidate,
                           {" adds a volume ", name,
                            ", but the Pod has one of that name; rename the Pod's volume"}));
  }
  occupancy.AddVolume(name);
  AddOperation(context, candidate, operation);
}

namespace {

void RefusePath(Context& context, Candidate& candidate, std::string_view path,
                std::string_view why) {
  Refuse(candidate, Reason::kMountPathTaken, Sentence(context, candidate, {" shares ", path, why}));
}

class SharePlanner {
 public:
  SharePlanner(Context& context, Candidate& candidate, Occupancy& occupancy,
               const CompiledShare& share)
      : context_(context), candidate_(candidate), occupancy_(occupancy), share_(share) {}

  void Run() {
    target_path_ =
        NormalPath(RenderedAs(context_, candidate_, share_.target_path, api::formats::kMountPath),
                   context_.arena);
    chosen_.path = RenderedAs(context_, candidate_, share_.path, api::formats::kMountPath);
    chosen_.sub_path = RenderedAs(context_, candidate_, share_.sub_path, api::formats::kSubPath);
    const std::string_view named =
        RenderedAs(context_, candidate_, share_.volume_name, api::formats::kPodVolumeName);
    if (candidate_.Refused()) return;
    if (!named.empty()) {
      if (!occupancy_.HasVolume(named)) return RefuseVolume(named);
      chosen_.volume = named;
      chosen_.is_new = false;
      TakeSubPath();
    } else {
      TakeExisting();
    }
    CheckPaths();
    if (candidate_.Refused()) return;
    if (chosen_.is_new) AddNew();
    if (!candidate_.Refused()) MountInTargets();
    candidate_.shares.push_back(chosen_);
  }

 private:
  template <typename Visit>
  void ForEachTarget(Visit visit) {
    for (ContainerOccupancy* target : candidate_.targets) visit(*target);
    for (ContainerOccupancy* target : candidate_.init_targets) visit(*target);
  }

  // The one volume that targets mount at exactly the path, else a new one.
  void TakeExisting() {
    chosen_.is_new = true;
    ForEachTarget([&](ContainerOccupancy& target) {
      for (const MountEntry& mount : target.Mounts(context_.arena)) {
        if (mount.path != target_path_ || mount.is_device) continue;
        if (!chosen_.is_new &&
            (mount.volume != chosen_.volume || mount.sub_path != chosen_.sub_path ||
             mount.sub_path_expr != chosen_.sub_path_expr)) {
          Refuse(candidate_, Reason::kShareAmbiguous,
                 Sentence(context_, candidate_,
                          {" shares ", target_path_, ", where its targets mount two volumes, ",
                           chosen_.volume, " and ", mount.volume}));
        }
        chosen_.volume = mount.volume;
        chosen_.sub_path = mount.sub_path;
        chosen_.sub_path_expr = mount.sub_path_expr;
        chosen_.mounted_by = &target;
        chosen_.is_new = false;
      }
    });
    if (chosen_.is_new) chosen_.volume = share_.volume;
  }

  // Both sides see the same part of a volume of the Pod: the one that a target mounts already.
  void TakeSubPath() {
    ForEachTarget([&](ContainerOccupancy& target) {
      for (const MountEntry& mount : target.Mounts(context_.arena)) {
        if (mount.path != target_path_ || mount.volume != chosen_.volume) continue;
        if (share_.sub_path.IsEmpty() && chosen_.mounted_by == nullptr) {
          chosen_.sub_path = mount.sub_path;
          chosen_.sub_path_expr = mount.sub_path_expr;
          chosen_.mounted_by = &target;
        } else if (mount.sub_path != chosen_.sub_path ||
                   mount.sub_path_expr != chosen_.sub_path_expr) {
          Refuse(candidate_, Reason::kShareAmbiguous,
                 Sentence(context_, candidate_,
                          {" shares ", target_path_, ", where container ", target.facts().name,
                           " mounts another part of volume ", mount.volume}));
        }
      }
    });
  }

  void CheckPaths() {
    ForEachTarget([&](ContainerOccupancy& target) {
      for (const MountEntry& mount : target.Mounts(context_.arena)) {
        if (mount.path == target_path_ && mount.is_device) {
          Refuse(candidate_, Reason::kMountPathTaken,
                 Sentence(context_, candidate_,
                          {" shares ", target_path_, ", where container ", target.facts().name,
                           " has the block device of volume ", mount.volume}));
        } else if (mount.path == target_path_) {
          if (mount.volume == chosen_.volume) continue;
          RefusePath(context_, candidate_, target_path_,
                     context_.Text({", where container ", target.facts().name, " mounts volume ",
                                    mount.volume}));
        } else if (IsAtOrAbove(mount.path, target_path_) || IsAtOrAbove(target_path_, mount.path)) {
          const bool above = IsAtOrAbove(mount.path, target_path_);
          RefusePath(context_, candidate_, target_path_,
                     context_.Text({", but container ", target.facts().name, " mounts volume ",
                                    mount.volume, above ? " above it, at " : " below it, at ",
                                    mount.path, "; share exactly that path or another one"}));
        }
      }
    });
  }

  void RefuseVolume(std::string_view name) {
    const std::vector<std::string_view> names(context_.pod.volumes.begin(),
                                              context_.pod.volumes.end());
    const std::string_view nearest = api::NearestName(name, names);
    Refuse(candidate_, Reason::kVolumeNotFound,
           Sentence(context_, candidate_,
                    {" shares the Pod's volume \"", name, "\", which the Pod does not have",
                     nearest.empty() ? "" : context_.Text({"; did you mean ", nearest, "?"})}));
  }

  void AddNew() {
    std::pmr::string json(&context_.arena);
    json += R"({"name":)";
    AppendQuoted(chosen_.volume, json);
    json += R"(,"emptyDir":{)";
    share_.empty_dir.AppendTo(candidate_.values, json);
    json += "}}";
    AddVolume(context_, candidate_, occupancy_,
              VolumeOperation(chosen_.volume, context_.arena.Copy(json)));
  }

  void MountInTargets() {
    const bool read_only = share_.access == api::ShareAccess::kCompanionWrites;
    ForEachTarget([&](ContainerOccupancy& target) {
      auto& mounts = target.Mounts(context_.arena);
      for (const MountEntry& mount : mounts) {
        if (mount.path == target_path_) return;
      }
      RequireVariables(target);
      std::pmr::string json(&context_.arena);
      json += R"({"name":)";
      AppendQuoted(chosen_.volume, json);
      json += R"(,"mountPath":)";
      AppendQuoted(target_path_, json);
      if (!chosen_.sub_path.empty()) {
        json += R"(,"subPath":)";
        AppendQuoted(chosen_.sub_path, json);
      }
      if (!chosen_.sub_path_expr.empty()) {
        json += R"(,"subPathExpr":)";
        AppendQuoted(chosen_.sub_path_expr, json);
      }
      json += read_only ? R"(,"readOnly":true})" : "}";
      mounts.push_back({target_path_, chosen_.volume, chosen_.sub_path, chosen_.sub_path_expr});
      Operation operation;
      operation.list = List::kMounts;
      operation.init = target.facts().init;
      operation.container = target.facts().index;
      operation.container_name = target.facts().name;
      operation.key = target_path_;
      operation.json = context_.arena.Copy(json);
      AddOperation(context_, candidate_, operation);
    });
  }

  // A subPathExpr that one target brought means in the others what their variables say.
  void RequireVariables(ContainerOccupancy& target) {
    ForEachVariable(chosen_.sub_path_expr, [&](std::string_view name) {
      if (target.FindVariable(name, context_.arena) != nullptr) return;
      Refuse(candidate_, Reason::kShareAmbiguous,
             Sentence(context_, candidate_,
                      {" shares ", target_path_, " by the subPathExpr ", chosen_.sub_path_expr,
                       " of container ", chosen_.mounted_by->facts().name, ", but container ",
                       target.facts().name, " has no variable ", name}));
    });
  }

  Context& context_;
  Candidate& candidate_;
  Occupancy& occupancy_;
  const CompiledShare& share_;
  std::string_view target_path_;
  ChosenShare chosen_;
};

}  // namespace

void PlanVolumes(Context& context, Candidate& candidate, Occupancy& occupancy) {
  for (const CompiledVolume& volume : candidate.pattern->volumes) {
    AddVolume(context, candidate, occupancy,
              VolumeOperation(volume.name, Rendered(context, candidate, volume.json)));
    if (candidate.Refused()) return;
  }
}

void PlanShares(Context& context, Candidate& candidate, Occupancy& occupancy) {
  for (const CompiledShare& share : candidate.pattern->shares) {
    SharePlanner(context, candidate, occupancy, share).Run();
    if (candidate.Refused()) return;
  }
}

}  // namespace remora::injection
