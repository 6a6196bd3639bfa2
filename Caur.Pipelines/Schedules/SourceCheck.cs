using System.Globalization;
using System.Text;
using Caur.Pipelines.Polite;
using Caur.Pipelines.State;
using Caur.Pipelines.Upstream;

namespace Caur.Pipelines.Schedules;

/// <summary>Looks at where a package's PKGBUILD comes from, and takes over what is new.</summary>
internal sealed class SourceCheck(ScheduleServices services, IPackageFolders folders, AurFacts aur)
{
    public Task<Learnt> LookAsync(SchedulePackage package, PackageState state, CancellationToken cancellationToken)
    {
        var source = PkgbuildSource.Parse(package.Config.Settings["CI_PKGBUILD_SOURCE"], services.UrlRules);
        return source.Kind switch
        {
            PkgbuildSourceKind.None => Told(FindingKind.NotAsked, "CI_PKGBUILD_SOURCE is not set; set it to 'custom' if that is on purpose"),
            PkgbuildSourceKind.Custom => Told(FindingKind.NotAsked, "CI_PKGBUILD_SOURCE is custom: only its maintainers update it"),
            PkgbuildSourceKind.Invalid => Told(FindingKind.Failed, source.Value),
            PkgbuildSourceKind.Aur => AurAsync(package, state, cancellationToken),
            PkgbuildSourceKind.Gitlab => GitlabAsync(package, source.Value, cancellationToken),
            _ => GitAsync(package, source.Value, state, cancellationToken),
        };
    }

    private static Task<Learnt> Told(FindingKind kind, string words) => Task.FromResult(new Learnt { Source = new Finding(kind, words) });

    private static Learnt Failed(string words) => new() { Source = new Finding(FindingKind.Failed, words) };

    private async Task<Learnt> AurAsync(SchedulePackage package, PackageState state, CancellationToken cancellationToken)
    {
        var (finding, known) = aur.Look(package.PkgBase, state);
        if (finding.Kind != FindingKind.New)
        {
            return new Learnt { Source = finding, AurTimestamp = known?.LastModified };
        }

        var options = services.AurOptions;
        var name = Uri.EscapeDataString(package.PkgBase);
        var url = options.GitUrl.Replace("{0}", name, StringComparison.Ordinal);
        var branch = options.GitBranch?.Replace("{0}", package.PkgBase, StringComparison.Ordinal);
        var learnt = await TakeAsync(package, url, branch, finding.Words, cancellationToken);
        return learnt with { AurTimestamp = known!.LastModified, UpstreamCommit = null };
    }

    private async Task<Learnt> GitAsync(SchedulePackage package, string url, PackageState state, CancellationToken cancellationToken)
    {
        if (state.UpstreamCommit is { } known)
        {
            var newest = await services.Git.NewestAsync(url, "HEAD", cancellationToken);
            if (!newest.IsGiven)
            {
                return Failed(newest.Problem);
            }

            if (newest.Value == known)
            {
                return new Learnt
                {
                    Source = new Finding(FindingKind.Same, $"no newer commit at {Shown.Short(url, 120)} since {Short(known)}"),
                    UpstreamCommit = known,
                };
            }
        }

        return await TakeAsync(package, url, null, $"changed at {Shown.Short(url, 120)}", cancellationToken);
    }

    private async Task<Learnt> TakeAsync(SchedulePackage package, string url, string? branch, string words, CancellationToken cancellationToken)
    {
        var cloned = await services.Git.CloneAsync(url, branch, cancellationToken);
        if (!cloned.IsGiven)
        {
            return Failed(cloned.Problem);
        }

        var upstream = cloned.Value.Files;
        var folder = await folders.ReadAsync(package.PkgBase, cancellationToken);
        if (PackageUpdate.Refuse(package.PkgBase, folder, upstream) is { } fault)
        {
            return Failed(fault);
        }

        var pkgbuild = upstream.Find("PKGBUILD")!;
        var formatted = await services.Formatter.FormatAsync(pkgbuild.Bytes, cancellationToken);
        if (!formatted.IsGiven)
        {
            return Failed(formatted.Problem);
        }

        upstream = upstream.With("PKGBUILD", pkgbuild with { Bytes = formatted.Value });
        var differs = PackageUpdate.Differs(folder, upstream);
        return new Learnt
        {
            Source = differs
                ? new Finding(FindingKind.New, $"{words}, taken over at commit {Short(cloned.Value.Commit)}")
                : new Finding(FindingKind.Same, $"{words}, but PKGBUILD and .SRCINFO are the same at commit {Short(cloned.Value.Commit)}"),
            UpstreamCommit = cloned.Value.Commit,
            Review = ReviewRule.ByChange,
            Files = differs ? PackageUpdate.Merge(folder, upstream) : null,
        };
    }

    private async Task<Learnt> GitlabAsync(SchedulePackage package, string project, CancellationToken cancellationToken)
    {
        if (package.Srcinfo is not { } srcinfo)
        {
            return Failed("it has no .SRCINFO to compare a tag with");
        }

        var newest = await services.Gitlab.NewestAsync(project, cancellationToken);
        if (!newest.IsGiven)
        {
            return Failed(newest.Problem);
        }

        var tag = newest.Value;
        if (tag.Name == srcinfo.Version.PkgVer)
        {
            return new Learnt { Source = new Finding(FindingKind.Same, $"no newer tag of GitLab project {project} than {tag.Name}") };
        }

        var folder = await folders.ReadAsync(package.PkgBase, cancellationToken);
        if (folder.Find("PKGBUILD") is not { Kind: not TreeFileKind.Link } pkgbuild || folder.Text(".SRCINFO") is not { } text)
        {
            return Failed("it has no PKGBUILD and .SRCINFO to set a tag in");
        }

        var formatted = await services.Formatter.FormatAsync(pkgbuild.Bytes, cancellationToken);
        if (!formatted.IsGiven)
        {
            return Failed(formatted.Problem);
        }

        if (PkgbuildText.SetTag(Encoding.UTF8.GetString(formatted.Value), tag) is not { } newer)
        {
            return Failed("its PKGBUILD sets pkgver in no line of its own");
        }

        var files = folder.WithText("PKGBUILD", newer).WithText(".SRCINFO", PkgbuildText.SetTagOfSrcinfo(text, tag));
        var words = $"GitLab project {project} has tag {tag.Name} after {srcinfo.Version.PkgVer}";
        return await WithSumsAsync(package.PkgBase, files, words, cancellationToken);
    }

    /// <summary>Checksums of another archive are wrong; where scripts can run, they are made anew.</summary>
    private async Task<Learnt> WithSumsAsync(string pkgbase, FileTree files, string words, CancellationToken cancellationToken)
    {
        var fixedSums = Pacman.Srcinfo.Parse(files.Text(".SRCINFO")!) is { IsValid: true, Value: var read }
            && read.Keys.Any(key => key.Contains("sums", StringComparison.Ordinal) && read.Values(key).Any(value => value != "SKIP"));
        if (!fixedSums)
        {
            return new Learnt { Source = new Finding(FindingKind.New, words), Files = files };
        }

        if (services.Scripts is null)
        {
            return new Learnt { Source = new Finding(FindingKind.New, $"{words}; its checksums are still those of the former archive"), Files = files };
        }

        var made = await services.Scripts.SumsAsync(pkgbase, files, words, cancellationToken);
        return made.IsGiven
            ? new Learnt { Source = new Finding(FindingKind.New, made.Value.Words), Files = made.Value.Files }
            : Failed(made.Problem);
    }

    internal static string Short(string commit) => commit.Length > 12 ? commit[..12] : commit.ToString(CultureInfo.InvariantCulture);
}
