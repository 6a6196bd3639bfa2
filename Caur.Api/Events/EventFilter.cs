using Caur.Contracts.Builds;
using Caur.Contracts.Events;
using Caur.Contracts.Ids;

namespace Caur.Api.Events;

/// <summary>Which events a client wants. What it does not name is not looked at; a reset goes to all.</summary>
internal sealed class EventFilter
{
    private static readonly string[] Types = ["build", "publication", "builder", "queue", "run"];

    private IReadOnlyList<string> _types = Types;
    private IReadOnlyList<string> _packages = [];
    private IReadOnlyList<string> _targets = [];
    private IReadOnlyList<string> _builders = [];
    private IReadOnlyList<BuildState> _states = [];

    /// <summary>Reads comma-separated lists.</summary>
    /// <returns>The filter, or what is wrong, for people.</returns>
    public static (EventFilter? Filter, string? Problem) Read(string? type, string? package, string? target, string? builder, string? state)
    {
        var states = new List<BuildState>();
        foreach (var name in Split(state))
        {
            if (!BuildStateNames.TryParse(name, out var known))
            {
                return (null, BuildStateNames.Problem(name));
            }

            states.Add(known);
        }

        var types = Split(type);
        return types.FirstOrDefault(name => !Types.Contains(name, StringComparer.OrdinalIgnoreCase)) is { } wrong
                ? (null, $"type is '{wrong}', and one or more of {string.Join(", ", Types)} are wanted")
            : Split(package).FirstOrDefault(name => !Names.IsValid(name)) is { } noPackage ? (null, $"package is '{noPackage}', which is no name of a package folder")
            : Split(target).FirstOrDefault(name => !IsTarget(name)) is { } noTarget ? (null, $"target is '{noTarget}', and a repository is wanted: name or name/arch")
            : Split(builder).FirstOrDefault(name => !IsBuilder(name)) is { } noBuilder ? (null, $"builder is '{noBuilder}', and a builder is wanted: name or name/instance")
            : (new EventFilter
            {
                _types = types.Count > 0 ? types : Types,
                _packages = Split(package),
                _targets = Split(target),
                _builders = Split(builder),
                _states = states,
            }, null);
    }

    public bool Wants(FeedEvent item) => item.Event.Kind == FarmEventKind.Reset
        || (_types.Contains(item.Type, StringComparer.OrdinalIgnoreCase) && item.Event switch
        {
            { Build: { } build } => IsOne(_packages, build.Build.Pkgbase) && Fits(_targets, build.Build.Target.Name, build.Build.Target.ToString())
                && Fits(_builders, build.Builder?.Name, build.Builder?.ToString()) && (_states.Count == 0 || _states.Contains(build.State)),
            { Publication: { } publication } => Fits(_targets, publication.Target.Name, publication.Target.ToString())
                && (_packages.Count == 0 || publication.Builds.Any(build => IsOne(_packages, build.Pkgbase))),
            { Builder: { } builder } => Fits(_builders, builder.Builder.Name, builder.Builder.ToString()),
            _ => true,
        });

    private static bool IsOne(IReadOnlyList<string> wanted, string value) => wanted.Count == 0 || wanted.Contains(value, StringComparer.Ordinal);

    private static bool Fits(IReadOnlyList<string> wanted, string? name, string? whole) =>
        wanted.Count == 0 || (name is not null && (wanted.Contains(name, StringComparer.Ordinal) || wanted.Contains(whole, StringComparer.Ordinal)));

    private static bool IsTarget(string text) => Names.IsValid(text) || TargetId.TryParse(text, null, out _);

    private static bool IsBuilder(string text) => Names.IsValid(text) || BuilderId.TryParse(text, null, out _);

    private static IReadOnlyList<string> Split(string? text) =>
        text is null ? [] : text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
