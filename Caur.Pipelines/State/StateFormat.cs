namespace Caur.Pipelines.State;

/// <summary>The forms that the branch <c>state</c> has had. In both, a file of ours, <c>.caur-state</c>, remembers what the form cannot; the templates'
/// scripts neither read nor keep it.</summary>
internal enum StateFormat
{
    /// <summary>
    /// Since September 2024 or so: a file per package that has a <c>CI_GIT_COMMIT</c>, <c>.version-state</c>, and one time for the whole AUR in
    /// <c>.ci/aur-state</c> of the main branch.
    /// </summary>
    Current,

    /// <summary>
    /// Before: a file for every package, perhaps empty, with <c>CI_PKGBUILD_TIMESTAMP</c> and <c>CI_GIT_COMMIT</c>, <c>versions</c>, and
    /// <c>.commit</c>, the commit of the main branch that the state belongs to.
    /// </summary>
    Former,
}
