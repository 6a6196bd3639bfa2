using Caur.Pacman;

namespace Caur.Pipelines.Bumps;

/// <summary>Writes settings back into a <c>.CI/config</c>: only the known ones, and only where their value changes. Everything else stays as it is:
/// comments, order, blank lines, keys that only others know.</summary>
internal static class ConfigEdit
{
    /// <summary>The settings that pipelines write. The state of a package (<c>CI_GIT_COMMIT</c>) is kept on the branch <c>state</c> instead.</summary>
    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "CI_PKGBUILD_SOURCE", "CI_PACKAGE_BUMP", "CI_FORCE_VCS", "CI_ON_TRIGGER", "CI_MANAGE_AUR", "CI_NVCHECKER",
        "CI_PKGBUILD_CHANGE_ALLOW_REGEX", "CI_REBUILD_TRIGGERS", "BUILDER_CACHE_SOURCES", "BUILDER_EXTRA_TIMEOUT", "BUILDER_CLASS",
        "BUILDER_ALLOW_PROHIBITED",
    };

    /// <summary>The text with a setting of another value; with null, without the setting.</summary>
    /// <exception cref="ArgumentException">The key is none that a pipeline writes, or the value none that a config holds.</exception>
    public static CiConfigText Set(CiConfigText text, string key, string? value)
    {
        if (!Known.Contains(key))
        {
            throw new ArgumentException($"{key} is no setting that a pipeline writes", nameof(key));
        }

        if (value is null)
        {
            return text.Without(key);
        }

        // The same value in quotes is the same value.
        return text.Settings[key] == value ? text : text.With(key, value).GetRequired();
    }
}
