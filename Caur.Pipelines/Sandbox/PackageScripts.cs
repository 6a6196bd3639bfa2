using Caur.Pacman;
using Caur.Pipelines.Polite;
using Caur.Pipelines.Upstream;

namespace Caur.Pipelines.Sandbox;

/// <summary>What a script of a package made of its folder.</summary>
/// <param name="Files">The folder; null when it stayed as it was.</param>
/// <param name="Words">What happened, for a reason.</param>
internal sealed record ScriptChange(FileTree? Files, string Words);

/// <summary>Runs the scripts that packages bring along, each in the sandbox: <c>.CI/update.sh</c>, nvchecker, and makepkg for sums and .SRCINFO.</summary>
internal sealed class PackageScripts(ISandbox sandbox)
{
    /// <summary>The path of the hook in a package folder.</summary>
    public const string Hook = ".CI/update.sh";

    private static readonly string[] NvcheckerConfigs = ["nvchecker.toml", ".nvchecker.toml"];

    private const string HookScript = "set -euo pipefail; source .CI/update.sh";

    private const string NvcheckerScript =
        """
        type -P nvchecker >/dev/null || exit 127
        exec nvchecker --file "$CAUR_CONFIG" --logger=json
        """;

    private const string SumsScript =
        """
        set -euo pipefail
        scratch=$(mktemp -d)
        export SRCDEST=$scratch BUILDDIR=$scratch PKGDEST=$scratch SRCPKGDEST=$scratch LOGDEST=$scratch
        export PKGEXT=.pkg.tar.zst SRCEXT=.src.tar.gz
        cp PKGBUILD "$scratch/before"
        if grep -Eq '^[[:blank:]]*(ck|md5|sha1|sha224|sha256|sha384|sha512|b2)sums(_[A-Za-z0-9_]+)?=' PKGBUILD; then
          makepkg --geninteg --nodeps --skippgpcheck >"$scratch/sums"
          test -s "$scratch/sums"
          awk -v sums="$scratch/sums" '
            !inside && /^[ \t]*(ck|md5|sha1|sha224|sha256|sha384|sha512|b2)sums(_[A-Za-z0-9_]+)?=\(/ {
              inside = 1
              if (!done) { while ((getline line < sums) > 0) print line; done = 1 }
            }
            !inside { print }
            inside && /\)[ \t]*(#.*)?$/ { inside = 0 }
          ' "$scratch/before" >PKGBUILD
        fi
        makepkg --printsrcinfo >"$scratch/srcinfo"
        cat "$scratch/srcinfo" >.SRCINFO
        """;

    /// <summary>Whether a folder has a hook.</summary>
    public static bool HasHook(FileTree files) => files.Find(Hook) is { Kind: not TreeFileKind.Link };

    /// <summary>Runs <c>.CI/update.sh</c>, sourced in the folder with <c>PACKAGE</c> set.</summary>
    public async Task<Answer<ScriptChange>> HookAsync(string pkgbase, FileTree files, CancellationToken cancellationToken)
    {
        var ran = await sandbox.RunAsync(Job("update.sh", pkgbase, files, HookScript, ("PACKAGE", pkgbase)), cancellationToken);
        if (!ran.IsGiven)
        {
            return Answer<ScriptChange>.Refused(ran.Problem);
        }

        var result = ran.Value;
        return result.ExitCode != 0 ? Answer<ScriptChange>.Refused($"update.sh ended with exit code {result.ExitCode}: {Last(result.Error)}")
            : result.Files.SameAs(files) ? Answer<ScriptChange>.Of(new ScriptChange(null, "update.sh changed nothing"))
            : Checked(pkgbase, files, result.Files, "update.sh changed it");
    }

    /// <summary>Asks nvchecker for the newest version, and sets it with its commit, sums and .SRCINFO.</summary>
    public async Task<Answer<ScriptChange>> NvcheckerAsync(string pkgbase, FileTree files, Srcinfo? srcinfo, CancellationToken cancellationToken)
    {
        var config = Array.Find(NvcheckerConfigs, name => files.Find(name) is { Kind: not TreeFileKind.Link });
        if (config is null)
        {
            return Answer<ScriptChange>.Refused("CI_NVCHECKER is set, but there is neither nvchecker.toml nor .nvchecker.toml");
        }

        if (files.Text("PKGBUILD") is not { } pkgbuild)
        {
            return Answer<ScriptChange>.Refused("there is no PKGBUILD");
        }

        var ran = await sandbox.RunAsync(Job("nvchecker", pkgbase, files, NvcheckerScript, ("CAUR_CONFIG", config)), cancellationToken);
        if (!ran.IsGiven)
        {
            return Answer<ScriptChange>.Refused(ran.Problem);
        }

        // 3: some of several entries failed.
        if (ran.Value.ExitCode is not (0 or 3))
        {
            return Answer<ScriptChange>.Refused(ran.Value.ExitCode == 127
                ? "the sandbox's image has no nvchecker"
                : $"nvchecker ended with exit code {ran.Value.ExitCode}: {Last(ran.Value.Error)}");
        }

        var names = srcinfo?.Packages.Select(package => package.Name.ToString()) ?? [];
        if (NvcheckerReport.Read(ran.Value.Output, [pkgbase, .. names]) is not { } found)
        {
            return Answer<ScriptChange>.Refused($"nvchecker found no version: {Last(ran.Value.Error + "\n" + ran.Value.Output)}");
        }

        // As the templates do: tags are often called v1.2.
        var version = found.Version.StartsWith('v') ? found.Version[1..] : found.Version;
        var before = srcinfo?.Version.PkgVer ?? PkgbuildText.VersionOf(pkgbuild) ?? "";
        if (before.TrimStart('v') == version)
        {
            return Answer<ScriptChange>.Of(new ScriptChange(null, $"nvchecker finds no newer version than {version}"));
        }

        if (!PkgbuildText.IsPkgver(version))
        {
            return Answer<ScriptChange>.Refused($"nvchecker found '{Shown.Short(found.Version, 80)}', which cannot be a pkgver");
        }

        if (PkgbuildText.SetNewer(pkgbuild, before, version, found.Revision) is not { } newer)
        {
            return Answer<ScriptChange>.Refused("its PKGBUILD sets pkgver in no line of its own");
        }

        return await SumsAsync(pkgbase, files.WithText("PKGBUILD", newer), $"nvchecker found {before} -> {version}", cancellationToken);
    }

    /// <summary>Sets the checksums of a PKGBUILD and makes its .SRCINFO anew.</summary>
    public async Task<Answer<ScriptChange>> SumsAsync(string pkgbase, FileTree files, string words, CancellationToken cancellationToken)
    {
        var ran = await sandbox.RunAsync(Job("makepkg", pkgbase, files, SumsScript), cancellationToken);
        return !ran.IsGiven ? Answer<ScriptChange>.Refused(ran.Problem)
            : ran.Value.ExitCode != 0 ? Answer<ScriptChange>.Refused($"{words}, but its checksums cannot be made: {Last(ran.Value.Error)}")
            : Checked(pkgbase, files, ran.Value.Files, words);
    }

    /// <summary>A folder that can be read is taken; of any other, nothing.</summary>
    private static Answer<ScriptChange> Checked(string pkgbase, FileTree before, FileTree files, string words) =>
        PackageUpdate.Refuse(pkgbase, before, files) is { } fault
            ? Answer<ScriptChange>.Refused($"{words}, but {fault}")
            : Answer<ScriptChange>.Of(new ScriptChange(files, words));

    private static SandboxJob Job(string what, string pkgbase, FileTree files, string script, params (string Name, string Value)[] variables) => new()
    {
        What = what,
        PkgBase = pkgbase,
        Files = files,
        Script = script,
        Environment = variables.ToDictionary(variable => variable.Name, variable => variable.Value, StringComparer.Ordinal),
    };

    private static string Last(string error) => error.TrimEnd().Split('\n') is [.., { Length: > 0 } last] ? Shown.Short(last) : "it said nothing";
}
