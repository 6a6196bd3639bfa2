namespace Caur.Silo.StateTransfer;

/// <summary>What a store is opened for.</summary>
internal enum StateUse
{
    /// <summary>Reading; nothing is changed.</summary>
    Export,

    /// <summary>Filling it.</summary>
    Import,
}

/// <summary>Where a farm's state is, as whoever runs the verb says.</summary>
/// <param name="DataFolder">The data folder, a full path.</param>
/// <param name="Variable">A setting by its variable's name, of environment or configuration file.</param>
/// <param name="Use">What for.</param>
/// <param name="Say">Told what is worth a line.</param>
/// <param name="Time">The clock.</param>
internal sealed record StatePlace(string DataFolder, Func<string, string?> Variable, StateUse Use, Action<string> Say, TimeProvider Time);
